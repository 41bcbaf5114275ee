// SPDX-License-Identifier: Apache-2.0
// Gives every name its UUID with a package from npm, as an ES module with top-level await.
import { v5 as uuidv5 } from 'uuid';

const namespace = await Promise.resolve(uuidv5.DNS);

export const handler = async (event) => {
  const uuid = uuidv5(event.name, namespace);
  console.log(uuid);
  return { name: event.name, uuid };
};
