"""The gate proves itself: of each injected fault, exactly the right criterion, message and exit code must come back."""
