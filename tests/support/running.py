# SPDX-License-Identifier: Apache-2.0
"""Invocations that run until they are told to end."""
import concurrent.futures

from support.waiting import health, until

# Answers when the function has the tag "end".
WAITING = '''
    import json, os, time, urllib.request

    def handler(event, context):
        kind = os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
        print("runs", kind, flush=True)
        url = "%s/2015-03-31/functions/%s" % (os.environ["AWS_ENDPOINT_URL"], context.function_name)
        while "end" not in json.load(urllib.request.urlopen(url)).get("Tags", {}):
            time.sleep(0.05)
        return event or kind
    '''
SECONDS = 60  # a bound, and their function's time limit


class Running:
    """So many invocations of such a function, all accepted."""

    def __init__(self, daemon, function, count, before=0, payload='done', **arguments):
        self.function = function
        self.payload = payload
        self.pool = concurrent.futures.ThreadPoolExecutor(count)
        self.futures = [self.pool.submit(function.invoke, payload, **arguments) for _ in range(count)]
        until(lambda: self.are_accepted(daemon, before + count), 'the invocations are not under way', SECONDS)

    def are_accepted(self, daemon, count):
        for future in self.futures:
            assert not future.done(), future.result()
        return health(daemon)['invocationsInFlight'] == count

    def end(self):
        """What they answer."""
        self.function.client.tag_resource(Resource=self.function.arn, Tags={'end': ''})
        answers = [future.result(SECONDS) for future in self.futures]
        assert [answer.error for answer in answers] == [None] * len(answers), answers
        self.function.client.untag_resource(Resource=self.function.arn, TagKeys=['end'])
        return [answer.json for answer in answers]
