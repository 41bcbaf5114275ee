# SPDX-License-Identifier: Apache-2.0
"""Layers under test: publish, delete."""
import itertools

from support.zips import make_zip

counter = itertools.count(1)


class Layers:
    """Publishes layers with names of their own and deletes them at the end."""

    def __init__(self, client):
        self.client = client
        self.published = []

    def name(self):
        return f'layer-{next(counter)}'

    def publish(self, content, name=None, **arguments):
        """The answer. content: {file: content}, or bytes of a zip."""
        package = content if isinstance(content, bytes) else make_zip(content)
        answer = self.client.publish_layer_version(LayerName=name or self.name(), Content={'ZipFile': package},
                                                   **arguments)
        answer.pop('ResponseMetadata')
        self.published.append(answer)
        return answer

    def clean(self):
        for answer in self.published:
            self.client.delete_layer_version(LayerName=answer['LayerArn'], VersionNumber=answer['Version'])
        self.published = []
