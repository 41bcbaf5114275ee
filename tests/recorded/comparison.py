# SPDX-License-Identifier: Apache-2.0
"""Hold one answer to what was recorded, member by member.

A placeholder "<uuid:1>" in the recording means: whatever stood here. Within a case the same placeholder always stands
for the same value, and different placeholders for different values. Those of ANY may differ every time.
"""
import datetime
import json
import re

PLACEHOLDER = re.compile(r'<[a-zA-Z][a-zA-Z0-9_-]*(?::\d+)?>')


def is_time(value):
    return isinstance(value, datetime.datetime) or bool(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*', str(value)))


def is_url(value):
    return isinstance(value, str) and value.startswith(('http://', 'https://'))


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_milliseconds(value):
    return bool(re.fullmatch(r'\d{13}', str(value)))


DIGEST = r'[A-Za-z0-9+/]{43}=|[0-9a-f]{64}'


def is_digest(value):
    return bool(re.fullmatch(DIGEST, str(value)))


ANY = {'<time>': is_time, '<location>': is_url, '<layer-location>': is_url, '<url>': is_url, '<code-size>': is_count,
       '<window>': is_count, '<digest>': is_digest, '<milliseconds>': is_milliseconds}

# The same within texts.
ANY_WITHIN = {'<log-time>': r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', '<duration>': r'\d+(?:\.\d+)?', '<memory>': r'\d+',
              '<line>': r'\d+'}

# What the form of a placeholder's value is, where it has one.
FORMS = {
    'uuid': r'[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
    'code-sha256': DIGEST,
    'function-name': r'[A-Za-z0-9_-]+',
    'resource': r'[^\s"\']+?',
    'md5-body': r'[0-9a-f]{32}',
    'm-d5-of-body': r'[0-9a-f]{32}',
    'm-d5-of-message-attributes': r'[0-9a-f]{32}',
    'a-w-s-trace-header': r'Root=1-[0-9a-f]{8}-[0-9a-f]{24};\S+',
    'python-library': r'/\S+/python3[^/]*',
    'runtime-version': r'[a-z]+:\S.*',
}

# Members that the service has added to its answers, and since when: an older recording lacks them.
SINCE = {
    'SnapStart': '2022-11-29', 'RuntimeVersionConfig': '2023-01-23', 'LoggingConfig': '2023-11-16',
    'EventSourceMappingArn': '2024-11-01',
}


def keys(value):
    """The names of all members, depth first, in their order."""
    if isinstance(value, dict):
        return [name for key, item in value.items() for name in [key] + keys(item)]
    return [name for item in value for name in keys(item)] if isinstance(value, list) else []


class Comparison:
    """The placeholders of one case, and the answers' deviations."""

    def __init__(self, recorded, **known):
        self.recorded = recorded  # the date
        self.values = {f'<{name}>': value for name, value in known.items()}
        self.values['<module>'] = '<module>'  # as Python calls the frame of a file; no placeholder

    def deviations(self, expected, actual, path=''):
        """[text]: how the actual answer differs from the expected one. Binds placeholders as it goes."""
        if isinstance(expected, dict):
            return self._object(expected, actual, path)
        if isinstance(expected, list):
            return self._list(expected, actual, path)
        if isinstance(expected, str) and not self._text(expected, actual):
            known = ''.join(f' ({name} is {self.values[name]!r})' for name in PLACEHOLDER.findall(expected)
                            if name in self.values and name not in ('<partition>', '<region>'))
            return [f'{path}: expected {expected!r}{known}, got {actual!r}']
        if not isinstance(expected, str) and (type(expected) is not type(actual) or expected != actual):
            return [f'{path}: expected {expected!r}, got {actual!r}']
        return []

    def _object(self, expected, actual, path):
        if isinstance(actual, str):
            return self._document(expected, json.loads(actual), path)
        if not isinstance(actual, dict):
            return [f'{path}: expected an object, got {actual!r}']
        found = []
        for key, item in expected.items():
            if key not in actual:
                found.append(f'{path}.{key}: missing, expected {item!r}')
            else:
                found += self.deviations(item, actual[key], f'{path}.{key}')
        for key in actual:
            if key not in expected and SINCE.get(key, '') <= self.recorded:
                found.append(f'{path}.{key}: unexpected, {actual[key]!r}')
        return found

    def _document(self, expected, actual, path):
        """A JSON document in a text, as a policy is: the order of its members counts, too."""
        found = self._object(expected, actual, path)
        if not found and keys(expected) != keys(actual):
            found = [f'{path}: expected the order {keys(expected)}, got {keys(actual)}']
        return found

    def _list(self, expected, actual, path):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return [f'{path}: expected {len(expected)} items, got {actual!r}']
        return [text for index, (one, other) in enumerate(zip(expected, actual))
                for text in self.deviations(one, other, f'{path}[{index}]')]

    def _text(self, expected, actual):
        if expected in ANY:
            return ANY[expected](actual)
        if not isinstance(actual, str):
            return False
        if not PLACEHOLDER.search(expected):
            return expected == actual
        fresh = {}  # placeholder: name of its group
        match = re.fullmatch(self._pattern(expected, fresh), actual, re.DOTALL)
        if not match:
            return False
        for placeholder, group in fresh.items():
            value = match.group(group)
            if value in self.values.values():
                return False
            self.values[placeholder] = value
        return True

    def _pattern(self, expected, fresh):
        pattern, end = '', 0
        for found in PLACEHOLDER.finditer(expected):
            name = found.group(0)
            pattern += re.escape(expected[end:found.start()])
            end = found.end()
            if name in ANY_WITHIN:
                pattern += ANY_WITHIN[name]
            elif name in self.values:
                pattern += re.escape(self.values[name])
            elif name in fresh:
                pattern += f'(?P={fresh[name]})'
            else:
                fresh[name] = f'p{len(fresh)}'
                form = FORMS.get(name.strip('<>').split(':')[0], r'.+?')
                pattern += f'(?P<{fresh[name]}>{form})'
        return pattern + re.escape(expected[end:])
