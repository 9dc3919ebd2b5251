"""What is run: the contract, the registry, and a module or folder for each family of workloads."""
