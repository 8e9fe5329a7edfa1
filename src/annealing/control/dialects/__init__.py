"""The peers' controllers under the peers' own names, for the very same rates: one file for each library.

>>> from annealing.control import dialects
>>> dialects.torch.ReduceLROnPlateau(lr=1.0, patience=4, eps=0).patience
5
"""

from annealing.control.dialects import fastai, ignite, keras, optax, paddle, timm, torch, transformers

__all__ = ["fastai", "ignite", "keras", "optax", "paddle", "timm", "torch", "transformers"]
