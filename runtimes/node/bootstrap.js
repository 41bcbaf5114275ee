// SPDX-License-Identifier: Apache-2.0

// Main script of the Node.js runtime. Reading order of lambd_runtime/: client (start-up and the
// invocation loop), channel (frames), invocation (one buffered invocation), stream (one streamed
// invocation), loader (from the handler string to the function), context, console, errors.

'use strict';

require('./lambd_runtime/client.js').main();
