"""`python -m lodeline` is the program `lodeline`, also where its script is not on the path."""

from lodeline.cli import main

if __name__ == "__main__":
    main()
