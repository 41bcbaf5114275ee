# SPDX-License-Identifier: Apache-2.0
"""Main script of the Python runtime. It stays tiny because Python compiles it at every start."""

if __name__ == "__main__":
    from lambd_runtime.client import main

    main()
