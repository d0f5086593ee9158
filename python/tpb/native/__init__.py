"""From sources to binaries: third-party archives, protoc, compilers, CMake, and Wine.

Standard library only: it also runs where nothing of the project is installed yet, for instance in
the bare environment that pip makes to build a wheel.
"""
