"""One training step for three backends.

A model of this package says *what* a step does; `fit`, callbacks, metrics, validation, saving, `steps_per_execution`
and jit come from Keras:

```python
class WassersteinGAN(StepModel):
    def training_step(self, real):
        for _ in range(self.n_critic):
            critic_loss = self.minimize(lambda: self.critic_loss(real), self.critic)
        generator_loss = self.minimize(self.generator_loss, self.generator)
        return self.log(critic=critic_loss, generator=generator_loss)

model.compile({"critic": RMSprop(5e-5), "generator": RMSprop(5e-5)})
model.fit(images, epochs=20)
```

| name | for |
| --- | --- |
| `StepModel` | models made by subclassing |
| `FunctionalStepModel` | models made from `(inputs, outputs)`, in the place of `keras.Model` |
| `ManualGradientModel` | models whose gradients are formulas written by hand |
| `NamedOptimizers` | what `compile({"part": optimizer})` makes of the dictionary |
"""

from mathdl_keras.core.training.manual import ManualGradientModel
from mathdl_keras.core.training.optimizers import NamedOptimizers
from mathdl_keras.core.training.step import FunctionalStepModel, StepModel

__all__ = ["FunctionalStepModel", "ManualGradientModel", "NamedOptimizers", "StepModel"]
