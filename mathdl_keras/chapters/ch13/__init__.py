"""Chapter 13. Recurrent Neural Networks for Sequential Data.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
13.1     Introduction
13.2     The Plant-Observer Paradigm
         observers/observers: Observer
         observers/plants: LinearPlant, kalman_error_covariance, kalman_gain
         claims: observer_covariance, learned_observer
13.3     Jordan Networks
         recurrent/elman_jordan: JordanCell
         recurrent/rnn: RNN
         recurrent/recurrence: backward_scan, forward_scan
13.4     Elman Networks
         recurrent/elman_jordan: ElmanCell
         recurrent/layers: SimpleRNN
         claims: jordan_is_low_rank_elman
13.5     Training and Backpropagation for Recurrent Neural Networks
         recurrent/bptt: ElmanBPTT, RecurrentBPTT
         recurrent/truncation: TruncatedBPTT
         claims: bptt_exact, tbptt
         exercises: bptt_scalar
13.6     Stability
         stability/clipping: ClipGradientNorm
         stability/constraints: MaxSpectralNorm
         stability/stability: state_jacobians, lyapunov_exponent, spectral_radius
         claims: stability
13.7     Advanced Architectures
         recurrent/bidirectional: Bidirectional
         recurrent/gru: GRUCell
         recurrent/layers: GRU, LSTM
         recurrent/lstm: LSTMCell
         recurrent/seq2seq: EncoderDecoder
         claims: gated_cells, bidirectional
13.8     Implementation Aspects for Recurrent Neural Networks
         normalization/dropout: VariationalDropout
         normalization/layer_normalization: LayerNormalization
         normalization/normalized_cells: BatchNormRNN, LayerNormCell
         claims: time_dropout
13.9     Attention Mechanism and Transformers
         attention/scaled_dot_product: causal_mask, scaled_dot_product_attention
         attention/formulas: attention_backward, attention_forward
         attention/equivariance: equivariance_error, is_permutation_equivariant
         attention/multihead: MultiHeadAttention
         attention/positions: PositionEmbedding, SinePositionEncoding, sinusoidal_encoding
         attention/self_attention: MaskedSelfAttention, MultiHeadSelfAttention, SelfAttention
         transformers/blocks: TransformerEncoderBlock
         transformers/decoder: TransformerDecoder
         transformers/language: CausalLanguageModel
         transformers/ngrams: NGramModel
         transformers/sampling: sample_token, temperature_logits, top_k_logits, top_p_logits
         transformers/text: CharacterVocabulary, text_windows
         transformers/transformers: TransformerEncoder
         claims: attention_scaling, attention_is_kernel_smoother, multihead_parity, permutation_equivariance,
             causality, positional_encoding
         exercises: attention, rotary
13.10    Brief Concluding Remarks
         the demo

Wings: `observers` (plants, and what a filter knows), `recurrent` (cells, loops as layers, training by hand),
`stability`, `normalization` (and dropout), `attention` (and the places of tokens), `transformers` (up to a model that
writes); then `claims`, `demo`, `figures` and `exercises`.
"""
