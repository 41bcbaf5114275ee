# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require 'digest'

# Counts words, and tells their digest.
module Words
  def self.count(event:, context:)
    words = event.fetch('text').split
    puts "#{words.size} words for #{context.function_name}"
    { counts: words.tally, sha256: Digest::SHA256.hexdigest(words.join(' ')) }
  end
end
