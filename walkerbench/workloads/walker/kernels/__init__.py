"""The walker's inner loops, compiled: senses, learning, Box2D's steps and the ecosystem's arithmetic.

Nothing here imports from the rest of walkerbench, except the types in `walker.arrays`: compiled code is kept and used
again as long as this folder is unchanged, so everything that it depends on must be here, or be passed as an argument.
"""
