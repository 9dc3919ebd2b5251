"""Types of the walker's arrays, by what an element is; shapes stand where the arrays are described."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Quantities of bodies and of the world, float64 as Box2D has them."""

Floats32 = NDArray[np.float32]
"""What brains compute with, float32."""

Bools = NDArray[np.bool_]
"""Which elements are meant, bool."""

Indices = NDArray[np.intp]
"""Places in another array, intp."""

Points = NDArray[np.complex128]
"""Points and directions of the plane, complex128: x + iy."""
