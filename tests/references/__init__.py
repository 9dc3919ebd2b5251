"""Reference pages that are generated from the code: `python -m tests.references` writes them into docs/.

Each module but the helpers makes one page: `PATH` is its path in the project, and `page()` returns its text.
"""
