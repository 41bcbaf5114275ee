// SPDX-License-Identifier: Apache-2.0

// From the handler string to the handler function.

'use strict';

const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');
const { pathToFileURL } = require('url');
const {
    HandlerNotFound,
    ImportModuleError,
    MalformedHandlerName,
    UserCodeSyntaxError,
} = require('./errors.js');

// The function's modules see this name as the one that required them, as on AWS.
const requireForFunction = createRequire(path.join(path.dirname(__dirname), 'index.mjs'));

/** Split "folder/file.a.b" into "folder", "file" and "a.b". */
function splitHandler(name) {
    if (name.includes('..')) {
        throw new MalformedHandlerName(`'${name}' is not a valid handler name. ` +
            'Use absolute paths when specifying root directories in handler names.');
    }
    const base = path.basename(name);
    const dot = base.indexOf('.');
    if (dot < 0)
        throw new MalformedHandlerName('Bad handler');
    return {
        folder: name.slice(0, name.lastIndexOf(base)),
        file: base.slice(0, dot),
        exportPath: base.slice(dot + 1),
    };
}

/** Does the nearest package.json say that .js files are ES modules? */
function isModuleFolder(folder) {
    if (path.basename(folder) === 'node_modules')
        return false;
    const file = path.join(folder, 'package.json');
    if (fs.existsSync(file)) {
        try {
            return JSON.parse(fs.readFileSync(file, 'utf8'))?.type === 'module';
        } catch (error) {
            console.warn(`${file} cannot be read, it will be ignored for ES module detection ` +
                'purposes.', error);
            return false;
        }
    }
    const parent = path.dirname(folder);
    return parent !== folder && isModuleFolder(parent);
}

function importFile(file) {
    return import(pathToFileURL(file).href);
}

async function loadModule(taskRoot, folder, file) {
    const base = path.resolve(taskRoot, folder, file);
    if (fs.existsSync(base)) {
        const loaded = requireForFunction(base);
        if (loaded)
            return loaded;
    }
    if (fs.existsSync(`${base}.js`)) {
        return isModuleFolder(path.dirname(base))
            ? importFile(`${base}.js`)
            : requireForFunction(`${base}.js`);
    }
    if (fs.existsSync(`${base}.mjs`))
        return importFile(`${base}.mjs`);
    if (fs.existsSync(`${base}.cjs`))
        return requireForFunction(`${base}.cjs`);
    const paths = [taskRoot, path.join(taskRoot, folder)];
    return requireForFunction(requireForFunction.resolve(file, { paths }));
}

/** Load the handler that a handler string names; rejects with the error to report. */
async function loadHandler(taskRoot, name) {
    const { folder, file, exportPath } = splitHandler(name);
    let found;
    try {
        found = await loadModule(taskRoot, folder, file);
    } catch (error) {
        if (error instanceof SyntaxError)
            throw new UserCodeSyntaxError(error);
        if (error?.code === 'MODULE_NOT_FOUND')
            throw new ImportModuleError(error);
        throw error;
    }
    for (const key of exportPath.split('.'))
        found = found && found[key];
    if (!found)
        throw new HandlerNotFound(`${name} is undefined or not exported`);
    if (typeof found !== 'function')
        throw new HandlerNotFound(`${name} is not a function`);
    return found;
}

module.exports = { loadHandler };
