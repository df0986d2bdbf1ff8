"""`python -m ranvier`."""

from ranvier.cli.main import main

main()
