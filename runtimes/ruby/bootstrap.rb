# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# Main script of the Ruby runtime.

require_relative 'lambd_runtime/client'

Lambd::Client.main
