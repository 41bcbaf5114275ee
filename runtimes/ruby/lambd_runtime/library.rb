# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# What a function finds loaded on AWS, without loading it ahead of time.
#
# The interpreter is started without RubyGems, which takes four times as long to load as all the
# rest. It comes when somebody names Gem, or requires what is not in the library or the function.

module Lambd
  # RubyGems, loaded late.
  module LateGems
    EXTRA_FOLDERS = ['/var/task/vendor/bundle/ruby', '/opt/ruby/gems'].freeze

    module_function

    def install
      Object.autoload(:Gem, 'rubygems')
      Kernel.module_eval do
        alias_method :lambd_plain_require, :require
        def require(name)
          LateGems.wanted?(name) ? LateGems.load : lambd_plain_require(name)
        rescue LoadError => e
          raise unless e.path == name && LateGems.absent?

          LateGems.load
          require(name)
        end
        private :require, :lambd_plain_require
      end
    end

    def wanted?(name)
      absent? && name == 'rubygems'
    end

    def absent?
      Kernel.private_method_defined?(:lambd_plain_require)
    end

    # RubyGems puts its own require on top of the one it finds, which must be the original.
    def load
      Kernel.module_eval do
        alias_method :require, :lambd_plain_require
        remove_method :lambd_plain_require
        private :require
      end
      result = require('rubygems')
      own = "#{RUBY_VERSION[/\A\d+\.\d+/]}.0"
      extra = EXTRA_FOLDERS.map { |folder| "#{folder}/#{own}" }
      Gem.use_paths(nil, Gem.path | extra.select { |folder| Dir.exist?(folder) })
      result
    end
  end

  module_function

  # Libraries that AWS's own client has loaded before the function. RUBYOPT may have loaded them.
  def prepare_library
    shadow = File.expand_path('../shadow', __dir__)
    $LOAD_PATH.unshift(shadow)
    require "#{shadow}/logger" if defined?(::Logger)
    { Logger: 'logger', Net: 'net/http', StringIO: 'stringio', URI: 'uri' }
      .each { |name, file| Object.autoload(name, file) }
    Kernel.define_method(:URI, &loading('uri', :URI)) unless Kernel.private_method_defined?(:URI)
    prepare_time
    LateGems.install unless defined?(::Gem)
  end

  # A method that loads the library that defines it, and calls what it finds there.
  def loading(library, name)
    proc do |*arguments, **options|
      require library
      __send__(name, *arguments, **options)
    end
  end

  # The methods that "time" adds to Time.
  def prepare_time
    %i[iso8601 xmlschema httpdate rfc2822].each do |name|
      Time.define_method(name, &loading('time', name)) unless Time.method_defined?(name)
    end
    %i[parse strptime iso8601 xmlschema httpdate rfc2822].each do |name|
      Time.define_singleton_method(name, &loading('time', name)) unless Time.respond_to?(name)
    end
  end
end
