"""`core.training` under Keras' own trainer, on the backend at hand."""

import json

import keras
import numpy as np
import pytest
from keras import layers, ops

from mathdl_keras.core.autodiff import grad
from mathdl_keras.models import FunctionalStepModel, ManualGradientModel, StepModel

BACKEND = keras.backend.backend()
U32 = 2.0**-24
rng = np.random.default_rng(0)
X = rng.standard_normal((96, 4)).astype("float32")
Y = (X[:, :1] * X[:, 1:2] > 0).astype("float32")


def fill(model, seed=1, scale=0.3):
    """The same weights for models that have the same shapes."""
    draws = np.random.default_rng(seed)
    for v in model.trainable_variables:
        v.assign((draws.standard_normal(v.shape) * scale).astype("float32"))
    return model


def weights(model):
    return [ops.convert_to_numpy(v.value) for v in model.variables]


def classifier(cls=FunctionalStepModel, **compile_args):
    """A perceptron with everything `fit` must carry: batch norm, a regularizer, a metric."""
    x = keras.Input((4,))
    h = layers.Dense(8, activation="tanh", kernel_regularizer=keras.regularizers.L2(1e-2))(x)
    h = layers.BatchNormalization()(h)
    model = fill(cls(x, layers.Dense(1)(h)))
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.BinaryCrossentropy(from_logits=True),  # by position, as Keras allows
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
        **compile_args,
    )
    return model


def fit(model, **kwargs):
    kwargs = {"epochs": 2, "batch_size": 40, "shuffle": False, "verbose": 0} | kwargs
    return model.fit(X, Y, **kwargs).history


def test_canary_fit_is_bit_identical_to_builtin_fit():
    """96 samples in batches of 40: the last is partial; weights, averages and logs agree to the bit."""
    ours, builtin = classifier(), classifier(keras.Model)
    weight = np.linspace(0, 2, 96).astype("float32")
    a, b = (fit(m, validation_data=(X[:30], Y[:30]), sample_weight=weight) for m in (ours, builtin))
    for w_ours, w_builtin in zip(weights(ours), weights(builtin), strict=True):
        np.testing.assert_array_equal(w_ours, w_builtin)
    assert a == b
    assert set(a) == {"loss", "binary_accuracy", "val_loss", "val_binary_accuracy"}
    assert ours.evaluate(X, Y, verbose=0) == builtin.evaluate(X, Y, verbose=0)
    assert ours.train_on_batch(X, Y) == builtin.train_on_batch(X, Y)


def agree(a, b, roundings=200):
    """The same computation compiled otherwise: a few hundred roundings of numbers of order one."""
    for x, y in zip(weights(a), weights(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=0, atol=roundings * U32)


@pytest.mark.skipif(BACKEND == "torch", reason="Keras on PyTorch runs one step at a time")
def test_steps_per_execution():
    together, apart = classifier(steps_per_execution=3), classifier()
    fit(together, batch_size=32), fit(apart, batch_size=32)
    agree(together, apart)


@pytest.mark.parametrize("settings", [{"run_eagerly": True}, {"jit_compile": True}], ids=str)
def test_eager_and_jit_agree_with_the_default(settings):
    if BACKEND == "torch" and "jit_compile" in settings:
        pytest.skip("compiling with torch.compile takes a minute: see test_torch_compile")
    a, b = classifier(**settings), classifier()
    fit(a), fit(b)
    agree(a, b)


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "torch", reason="torch.compile is PyTorch's")
def test_torch_compile():
    a, b = classifier(jit_compile=True), classifier()
    fit(a, epochs=1), fit(b, epochs=1)
    agree(a, b)


class Adversarial(StepModel):
    """Two players, each with its own optimizer, a gradient penalty, and noise from a seed generator."""

    def __init__(self, penalty=1.0, **kwargs):
        super().__init__(**kwargs)
        self.generator = keras.Sequential([keras.Input((2,)), layers.Dense(4)])
        self.critic = keras.Sequential([keras.Input((4,)), layers.Dense(8, "tanh"), layers.Dense(1)])
        self.penalty = penalty
        self.seed = keras.random.SeedGenerator(3)
        self.track("critic_loss", "generator_loss")

    def fake(self, n):
        return self.generator(keras.random.normal((n, 2), seed=self.seed))

    def critic_loss(self, real):
        fake = self.fake(ops.shape(real)[0])
        slopes = ops.sum(grad(self.critic)(real) ** 2, axis=-1)
        gap = ops.cast(ops.mean(self.critic(fake)) - ops.mean(self.critic(real)), "float32")
        return gap + self.penalty * ops.mean((slopes - 1) ** 2)

    def training_step(self, real):
        critic_loss = self.minimize(lambda: self.critic_loss(real), self.critic)
        generator_loss = self.minimize(lambda: -ops.mean(self.critic(self.fake(ops.shape(real)[0]))), self.generator)
        return self.log(critic_loss=critic_loss, generator_loss=generator_loss)


def adversarial(**kwargs):
    model = fill(Adversarial())
    optimizers = {"critic": keras.optimizers.Adam(0.01), "generator": keras.optimizers.SGD(0.1)}
    model.compile(optimizers, **kwargs)
    return model


def test_named_optimizers_take_turns():
    model = adversarial()
    before = weights(model)
    history = model.fit(X, batch_size=32, epochs=2, verbose=0).history
    assert set(history) == {"critic_loss", "generator_loss"}
    assert int(model.optimizer["critic"].iterations) == 6
    assert int(model.optimizer["generator"].iterations) == 6
    moved = [np.any(a != b) for a, b in zip(before, weights(model), strict=True)]
    assert all(m for m, v in zip(moved, model.variables, strict=True) if "bias" not in v.path)
    assert int(ops.convert_to_numpy(model.seed.state.value)[1]) == 12  # two draws a step survived the trace


def test_one_part_moves_and_the_other_stays():
    class OnlyCritic(Adversarial):
        def training_step(self, real):
            return self.log(critic_loss=self.minimize(lambda: self.critic_loss(real), self.critic))

    model = fill(OnlyCritic())
    model.compile({"critic": "adam", "generator": "adam"})
    generator, critic = weights(model.generator), weights(model.critic)
    model.fit(X, batch_size=32, verbose=0)
    for a, b in zip(generator, weights(model.generator), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.any(critic[0] != weights(model.critic)[0])


def test_minimize_equals_a_step_written_out():
    """SGD on the mean square of w x: w <- w - eta mean(x^2) w, in NumPy float64."""

    class Line(StepModel):
        def __init__(self):
            super().__init__()
            self.w = self.add_weight(shape=(), initializer="ones")
            self.track("risk")

        def training_step(self, x):
            return self.log(risk=self.minimize(lambda: ops.mean((self.w * x) ** 2) / 2))

    model = Line()
    model.compile(keras.optimizers.SGD(0.1))
    x = X[:, :1]
    risk = model.fit(x, batch_size=96, epochs=3, verbose=0).history["risk"]
    m = np.mean(x.astype("float64") ** 2)
    w = (1 - 0.1 * m) ** np.arange(4)
    np.testing.assert_allclose(risk, m * w[:3] ** 2 / 2, rtol=20 * U32)
    np.testing.assert_allclose(float(model.w), w[3], rtol=20 * U32)


def test_callbacks_stop_and_restore(tmp_path):
    stop = keras.callbacks.EarlyStopping("generator_loss", patience=0, mode="min", min_delta=1e9)
    history = adversarial().fit(X, batch_size=32, epochs=5, callbacks=[stop], verbose=0).history
    assert len(history["critic_loss"]) == 2
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
    fit(classifier(), epochs=2, callbacks=[backup])
    resumed, whole = classifier(), classifier()
    fit(resumed, epochs=4, callbacks=[keras.callbacks.BackupAndRestore(tmp_path / "backup")])
    fit(whole, epochs=4)
    agree(resumed, whole, roundings=0)


def test_saving_resumes_with_the_optimizers_state(tmp_path):
    half, whole = classifier(), classifier()
    fit(half, epochs=1), fit(whole, epochs=2)
    half.save(tmp_path / "model.keras")
    resumed = keras.models.load_model(tmp_path / "model.keras")
    assert type(resumed) is FunctionalStepModel
    fit(resumed, epochs=1)
    agree(resumed, whole, roundings=0)


def test_saving_named_optimizers_resumes(tmp_path):
    custom = {"Adversarial": Adversarial}
    half, whole = adversarial(), adversarial()
    fit_adversarial = lambda m, epochs: m.fit(  # noqa: E731
        X, batch_size=96, epochs=epochs, shuffle=False, verbose=0
    )
    fit_adversarial(half, 1), fit_adversarial(whole, 2)
    half.save(tmp_path / "model.keras")
    resumed = keras.models.load_model(tmp_path / "model.keras", custom_objects=custom)
    assert float(resumed.optimizer["generator"].learning_rate) == np.float32(0.1)
    resumed.seed.state.assign(half.seed.state)  # Keras files hold no seed generators
    fit_adversarial(resumed, 1)
    agree(resumed, whole, roundings=0)


class HandWritten(ManualGradientModel):
    """Softmax regression: dLoss/dz = (softmax(z) - onehot)/M, dW = x^T dz, db = sum dz."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(3, dtype=self.dtype_policy)

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x):
        return self.dense(x)

    def loss_and_gradients(self, x, y, sample_weight=None, training=True):
        z = self(x)
        onehot = ops.one_hot(y, 3, dtype=z.dtype)
        delta = (ops.softmax(z) - onehot) / ops.cast(ops.shape(x)[0], z.dtype)
        loss = -ops.mean(ops.sum(onehot * ops.log_softmax(z), axis=-1))
        kernel = ops.einsum("mi,mk->ik", ops.cast(x, z.dtype), delta)
        return loss, z, [(ops.sum(delta, axis=0), self.dense.bias), (kernel, self.dense.kernel)]


LABELS = np.argmax(X[:, :3], axis=1).astype("int32")


def hand_written(**kwargs):
    model = HandWritten(**kwargs)
    model.build((None, 4))
    fill(model).compile(keras.optimizers.Adam(0.01), metrics=["sparse_categorical_accuracy"])
    return model


def test_hand_written_gradients_train_like_autodiff():
    ours = hand_written()
    x = keras.Input((4,))
    theirs = fill(keras.Model(x, layers.Dense(3)(x)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    theirs.compile(keras.optimizers.Adam(0.01), loss=loss, metrics=["sparse_categorical_accuracy"])
    a, b = (
        m.fit(X, LABELS, batch_size=32, epochs=3, shuffle=False, verbose=0, validation_split=0.1).history
        for m in (ours, theirs)
    )
    agree(ours, theirs, roundings=2000)  # nine steps of Adam, each relative to sqrt(v)
    assert set(a) == set(b)
    np.testing.assert_allclose(a["loss"], b["loss"], rtol=1e-4)
    np.testing.assert_allclose(a["val_loss"], b["val_loss"], rtol=1e-4)
    np.testing.assert_allclose(ours.evaluate(X, LABELS, verbose=0), theirs.evaluate(X, LABELS, verbose=0), rtol=1e-4)


def test_hand_written_models_refuse_losses_they_cannot_differentiate():
    model = hand_written()
    with pytest.raises(ValueError, match="loss belongs to HandWritten.*received loss='mse'"):
        model.compile("sgd", loss="mse")
    model.dense.kernel_regularizer = keras.regularizers.L2(1.0)
    model.dense.kernel.regularizer = keras.regularizers.L2(1.0)
    with pytest.raises(ValueError, match="knows no gradient of the added losses; received 1"):
        model.train_on_batch(X, LABELS)


HALF = {"mixed_float16": 2.0**-11, "mixed_bfloat16": 2.0**-8}


@pytest.mark.parametrize("policy", HALF)
def test_mixed_precision_trains_close_to_float32(policy):
    """Each of three steps rounds its gradient: 3 u of the way moved, and 3 u of weights of order one."""

    def sgd(policy):
        model = HandWritten(dtype=policy)
        model.build((None, 4))
        fill(model).compile(keras.optimizers.SGD(0.5))
        model.fit(X, LABELS, batch_size=96, epochs=3, verbose=0)
        return model

    half, full = sgd(policy), sgd("float32")
    moved = max(np.abs(a - b).max() for a, b in zip(weights(full), weights(fill(hand_written())), strict=True))
    assert moved > 0.1
    for a, b in zip(weights(half), weights(full), strict=True):
        np.testing.assert_allclose(a, b, atol=3 * HALF[policy] * (moved + 1))


@pytest.mark.parametrize("policy", HALF)
def test_named_optimizers_in_mixed_precision(policy):
    """The loss is two means of sums of 8 terms of order 1 and a squared slope: some 25 roundings in half precision."""
    keras.config.set_dtype_policy(policy)
    try:
        model = adversarial()
        history = model.fit(X, batch_size=32, epochs=2, shuffle=False, verbose=0).history
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.all(np.isfinite(history["critic_loss"]))
    assert model.critic.layers[0].compute_dtype == policy.removeprefix("mixed_")
    scaled = policy == "mixed_float16"
    assert isinstance(model.optimizer["critic"], keras.optimizers.LossScaleOptimizer) == scaled
    reference = adversarial().fit(X, batch_size=32, epochs=2, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["critic_loss"], reference["critic_loss"], atol=25 * HALF[policy])


def test_evaluation_step_serves_evaluate_and_validation():
    class Evaluated(Adversarial):
        def evaluation_step(self, real):
            return self.log(critic_loss=ops.mean(self.critic(real)))

    model = fill(Evaluated())
    model.compile({"critic": "adam", "generator": "adam"})
    measured = model.evaluate(X, batch_size=96, verbose=0, return_dict=True)
    kernel, bias, out, out_bias = (w.astype("float64") for w in weights(model.critic))
    predicted = np.mean(np.tanh(X @ kernel + bias) @ out + out_bias)
    np.testing.assert_allclose(measured["critic_loss"], predicted, atol=100 * U32)
    assert "val_critic_loss" in model.fit(X, validation_data=(X,), verbose=0).history


def test_errors_are_one_clear_line():
    with pytest.raises(ValueError, match=r"must have a part for each trainable variable.*\['critic'\]"):
        model = fill(Adversarial())
        model.compile({"critic": "adam"})
        model.train_on_batch(X)
    with pytest.raises(ValueError, match=r"must have parts of the model for keys; received \['discriminator'\]"):
        fill(Adversarial()).compile({"critic": "adam", "discriminator": "adam"})
    with pytest.raises(ValueError, match=r"log takes names declared by track, \['critic_loss', 'gen.*\['other'\]"):
        Adversarial().log(other=1.0)
    model = hand_written()
    model.loss_and_gradients = lambda x, y, sample_weight=None: (0.0, y, [])
    with pytest.raises(ValueError, match="must pair each trainable variable; received none for .*kernel"):
        model.train_on_batch(X, LABELS)
    with pytest.raises(NotImplementedError, match="ManualGradientModel must define loss_and_gradients"):
        ManualGradientModel().loss_and_gradients(X, Y)


@pytest.mark.parametrize("optimizer", ["sgd", {"critic": "sgd", "generator": "adam"}], ids=["one", "named"])
def test_a_saved_optimizer_names_no_module_of_one_backend(optimizer):
    """On PyTorch Keras writes `keras.src.backend.torch.optimizers...`, which no other backend can import."""
    model = StepModel() if optimizer == "sgd" else Adversarial()
    model.compile(optimizer)
    config = model.get_compile_config()
    assert '"module": "keras.optimizers"' in json.dumps(config)
    assert "keras.src.backend" not in json.dumps(config)
    again = StepModel() if optimizer == "sgd" else Adversarial()
    again.compile_from_config(config)
    assert type(again.optimizer) is type(model.optimizer)


class ReadsTwice(ManualGradientModel):
    """The gradient of b reads w again."""

    def __init__(self):
        super().__init__()
        self.w = self.add_weight(shape=(), initializer="ones", name="w")
        self.b = self.add_weight(shape=(), initializer="zeros", name="b")

    def call(self, x):
        return self.w * x + self.b

    def loss_and_gradients(self, x, y, sample_weight=None, training=True):
        loss = ops.mean(self.w * x + self.b)
        return loss, x, [(ops.mean(x), self.w), (ops.tanh(self.w + 3), self.b)]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow's graphs reorder reads and writes")
def test_in_a_graph_no_weight_moves_before_the_last_gradient_is_there():
    """By a control dependency: one of data is not enough, for the graph's optimization removes it."""
    import tensorflow as tf

    model = ReadsTwice()
    model.compile(keras.optimizers.SGD(0.1))
    model(np.ones((2, 1), "float32"))
    step = tf.function(lambda x: model.train_step((x, x))).get_concrete_function(tf.ones((2, 1)))

    def before(op, seen):
        for parent in [tensor.op for tensor in op.inputs] + list(op.control_inputs):
            if parent not in seen:
                seen.add(parent)
                before(parent, seen)
        return seen

    moves = [op for op in step.graph.get_operations() if op.type == "AssignSubVariableOp"]
    assert len(moves) == 2
    for move in moves:
        awaited = {parent.type for op in before(move, set()) for parent in op.control_inputs}
        assert "Tanh" in awaited, move.name
