// SPDX-License-Identifier: Apache-2.0
// Turns YAML into JSON with a package from npm, as a CommonJS module.
'use strict';

const { parse } = require('yaml');

exports.handler = async (event) => {
  console.log('%d characters of YAML', event.yaml.length);
  return parse(event.yaml);
};
