"""Chapter 13. Recurrent Neural Networks for Sequential Data.

Section  Title                           Objects                                     Claims
-------  ------------------------------  ------------------------------------------  -------------------------------
13.1     Introduction
13.2     The Plant-Observer Paradigm     LinearPlant, Observer, kalman_gain,        observer_covariance,
                                         kalman_error_covariance                            learned_observer
13.3     Jordan Networks                 JordanCell, RNN                     jordan_is_low_rank_elman
13.4     Elman Networks                  ElmanCell, SimpleRNN
13.5     Training and Backpropagation    RecurrentBPTT, ElmanBPTT, TruncatedBPTT     bptt_exact, tbptt
         for Recurrent Neural Networks
13.6     Stability                       spectral_radius, state_jacobians,           stability
                                         lyapunov_exponent, MaxSpectralNorm,
                                         ClipGradientNorm
13.7     Advanced Architectures          LSTMCell, LSTM, GRUCell, GRU,               gated_cells, bidirectional
                                         Bidirectional, EncoderDecoder
13.8     Implementation Aspects for      VariationalDropout, LayerNormalization,            time_dropout
         Recurrent Neural Networks       LayerNormCell, BatchNormRNN
13.9     Attention Mechanism and         scaled_dot_product_attention, causal_mask,  attention_scaling,
         Transformers                    SelfAttention, MaskedSelfAttention,         attention_is_kernel_smoother,
                                         MultiHeadAttention,                         multihead_parity,
                                         MultiHeadSelfAttention,                     permutation_equivariance,
                                         SinePositionEncoding,               positional_encoding, causality
                                         PositionEmbedding,
                                         is_permutation_equivariant,
                                         equivariance_error, TransformerEncoderBlock,
                                         TransformerEncoder, TransformerDecoder,
                                         CausalLanguageModel, NGramModel,
                                         sample_token
13.10    Brief Concluding Remarks        the demo

Exercises: bptt_scalar, attention, rotary.

Wings: `observers` (plants, and what a filter knows), `recurrent` (cells, loops as layers, training by hand),
`stability`, `normalization` (and dropout), `attention` (and the places of tokens), `transformers` (up to a model that
writes); then `claims`, `demo`, `figures` and `exercises`.
"""
