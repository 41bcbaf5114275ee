# SPDX-License-Identifier: Apache-2.0
"""What the tests share: a real daemon, clients for it, zips."""
