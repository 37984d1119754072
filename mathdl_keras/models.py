"""Models: `from mathdl_keras.models import StepModel`."""

from mathdl_keras.chapters.ch01.models import (
    MinimumNormRegressor,
)
from mathdl_keras.chapters.ch02.linear import (
    LinearModel,
)
from mathdl_keras.chapters.ch02.models import (
    LinearRegression,
)
from mathdl_keras.chapters.ch03.models import (
    LogisticRegression,
    SoftmaxRegression,
)
from mathdl_keras.chapters.ch04.machines import (
    KernelPerceptron,
    KernelRidge,
)
from mathdl_keras.chapters.ch04.models import (
    Perceptron,
)
from mathdl_keras.chapters.ch05.models import (
    MLP,
)
from mathdl_keras.chapters.ch06.models import (
    BackpropMLP,
    BackpropModel,
)
from mathdl_keras.chapters.ch07.models import (
    ShallowNetwork,
)
from mathdl_keras.chapters.ch07.trainer import (
    StepLoop,
)
from mathdl_keras.chapters.ch08.models import (
    MLPClassifier,
)
from mathdl_keras.chapters.ch09.models import (
    Lasso,
    RidgeRegression,
)
from mathdl_keras.chapters.ch09.networks import (
    DropoutMLP,
)
from mathdl_keras.chapters.ch10.models import (
    BatchNormMLP,
)
from mathdl_keras.chapters.ch11.models import (
    PolynomialRegression,
)
from mathdl_keras.chapters.ch13.recurrent.bptt import (
    ElmanBPTT,
    RecurrentBPTT,
)
from mathdl_keras.chapters.ch13.recurrent.seq2seq import (
    EncoderDecoder,
)
from mathdl_keras.chapters.ch13.recurrent.truncation import (
    TruncatedBPTT,
)
from mathdl_keras.chapters.ch13.transformers.language import (
    CausalLanguageModel,
)
from mathdl_keras.chapters.ch14.models import (
    LearnedFilterDetector,
    MultiChannelCNN,
    SingleChannelCNN,
)
from mathdl_keras.chapters.ch15.bayesian import (
    BayesianLogisticRegression,
)
from mathdl_keras.chapters.ch15.gan import (
    GAN,
)
from mathdl_keras.chapters.ch15.linear_vae import (
    LinearVAE,
)
from mathdl_keras.chapters.ch15.posteriors import (
    GaussianPosterior,
)
from mathdl_keras.chapters.ch15.vae import (
    VariationalAutoencoder,
)
from mathdl_keras.chapters.ch15.wgan import (
    WassersteinGAN,
)
from mathdl_keras.core.training import (
    FunctionalStepModel,
    ManualGradientModel,
    StepModel,
)
