# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module Lambd
  # The runtime channel: frames over an inherited socket. docs/runtime-channel.md is the contract.
  #
  # One thread receives (the invocation loop); any thread may send, because log records come from
  # wherever the function logs. A mutex keeps frames whole.
  class Channel
    INIT = 0x01
    INVOKE = 0x02
    RESPONSE = 0x82
    ERROR = 0x83
    INIT_ERROR = 0x84
    LOG = 0x85

    LOG_JSON = 1
    LOG_LEVELS = { 'DEBUG' => 2, 'INFO' => 3, 'WARN' => 4, 'ERROR' => 5, 'FATAL' => 6 }.freeze
    LOG_MESSAGE_BYTES_MAX = 262_144
    METADATA_VALUE_BYTES_MAX = 65_535
    HEADER_BYTES = 12
    NEXT_FRAME = "\0\0\0\2\x81\0\0\0\0\0\0\0\0\0".b.freeze

    Frame = Struct.new(:type, :invocation, :metadata, :payload)

    def initialize(descriptor)
      # Two objects, so that reading ahead and writing do not share a buffer.
      @reader = IO.for_fd(descriptor, 'rb', autoclose: false)
      @writer = IO.for_fd(descriptor, 'wb', autoclose: false)
      @writer.sync = true
      # Programs that the function starts must not hold the channel open.
      @writer.close_on_exec = true
      @mutex = Mutex.new
      @invocation = 0
    end

    # Wait for a frame. EOFError: all is over.
    def receive
      header = read(HEADER_BYTES)
      length, type, invocation = header.unpack('L>Cx3L>')
      body = read(length)
      metadata_bytes = body.unpack1('S>')
      metadata = unpack_metadata(body.byteslice(2, metadata_bytes))
      payload = body.byteslice(2 + metadata_bytes, length)
      @invocation = invocation if type == INVOKE
      Frame.new(type, invocation, metadata, payload.force_encoding(Encoding::UTF_8))
    end

    # Say that the runtime is ready for its first invocation.
    def ask_next
      send_bytes(NEXT_FRAME)
    end

    # Answer the current invocation and ask for the next one.
    def respond(metadata, body)
      send_bytes(finish(RESPONSE, metadata, body) << NEXT_FRAME)
    end

    # Report an error of the current invocation and ask for the next one, unless it is the last.
    def fail(metadata, body, is_last)
      frame = finish(ERROR, metadata, body)
      frame << NEXT_FRAME unless is_last
      send_bytes(frame)
    end

    # Report that the function cannot be initialised. The process ends after this.
    def fail_init(metadata, body)
      send_bytes(pack(INIT_ERROR, 0, 0, metadata, body))
    end

    # Send one log event. Where the channel must not be used (a forked child, a signal handler, the
    # end of the environment) it goes to standard output instead.
    def log(text, flags = 0)
      message = Channel.utf8(text)
      timestamp = [Process.clock_gettime(Process::CLOCK_REALTIME, :microsecond)].pack('Q>')
      pieces(message) { |piece| send_bytes(pack(LOG, flags, @invocation, {}, timestamp, piece)) }
    rescue ThreadError, IOError, SystemCallError
      $stdout.write(message)
    end

    # In a process forked by the function: only its parent may speak for the environment.
    def leave
      @writer.autoclose = true
      @writer.close
    end

    # Text as a valid UTF-8 string, whatever encoding it claims.
    def self.utf8(text)
      text = text.to_s
      if text.encoding == Encoding::UTF_8 || text.encoding == Encoding::BINARY
        return String.new(text, encoding: Encoding::UTF_8).scrub
      end

      text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace)
    end

    private

    def read(count)
      data = @reader.read(count)
      raise EOFError if data.nil? || data.bytesize < count

      data
    end

    def unpack_metadata(data)
      data.force_encoding(Encoding::UTF_8)
      metadata = {}
      at = 0
      while at < data.bytesize
        key_bytes = data.byteslice(at, 2).unpack1('S>')
        value_at = at + 2 + key_bytes
        value_bytes = data.byteslice(value_at, 2).unpack1('S>')
        metadata[data.byteslice(at + 2, key_bytes)] = data.byteslice(value_at + 2, value_bytes)
        at = value_at + 2 + value_bytes
      end
      metadata
    end

    def finish(type, metadata, body)
      invocation = @invocation
      @invocation = 0
      pack(type, 0, invocation, metadata, body)
    end

    # A whole frame. Values of metadata that do not fit are cut.
    def pack(type, flags, invocation, metadata, *payload)
      packed = metadata.map do |key, value|
        value = value.byteslice(0, METADATA_VALUE_BYTES_MAX)
        [key.bytesize, key, value.bytesize, value.b].pack('S>a*S>a*')
      end.join
      length = 2 + packed.bytesize + payload.sum(&:bytesize)
      frame = [length, type, flags, invocation, packed.bytesize].pack('L>CCx2L>S>') << packed
      payload.each { |part| frame << part.b }
      frame
    end

    # Cut a message into pieces that a frame may carry, never inside a character.
    def pieces(message)
      while message.bytesize > LOG_MESSAGE_BYTES_MAX
        piece = message.byteslice(0, LOG_MESSAGE_BYTES_MAX)
        piece = piece.byteslice(0, piece.bytesize - 1) until piece.valid_encoding?
        yield piece
        message = message.byteslice(piece.bytesize, message.bytesize)
      end
      yield message
    end

    def send_bytes(data)
      @mutex.synchronize { @writer.write(data) }
    end
  end
end
