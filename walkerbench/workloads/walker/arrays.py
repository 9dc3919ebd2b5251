"""Types of the walker's arrays, by the meaning of an element; shapes are given where each array is described."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Quantities of bodies and of the world, float64."""

Floats32 = NDArray[np.float32]
"""Numbers that brains compute with, float32."""

Bools = NDArray[np.bool_]
"""A mask of elements, bool."""

Indices = NDArray[np.intp]
"""Indices into another array, intp."""

Points = NDArray[np.complex128]
"""Points and directions of the plane, complex128: x + iy."""

Int64s = NDArray[np.int64]
"""Whole numbers, int64."""

Records: TypeAlias = Any
"""One record, or an array of records, of a type in `kernels.records`. Compiled code reads fields as attributes, and
NumPy's type for records declares none: so these are not checked."""
