"""`python -m tpb` is `tpb`."""

from tpb.cli.main import main

if __name__ == "__main__":
    main()
