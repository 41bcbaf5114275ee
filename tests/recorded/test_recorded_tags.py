# SPDX-License-Identifier: Apache-2.0
"""Tags."""
from replay import recorded


@recorded('TestLambdaTag::test_create_tag_on_fn_create')
def test_create_tag_on_fn_create(case):
    name = case.function(Tags={'testtag': 'some-value'})
    case.call('get_function_result', 'get_function', FunctionName=name)
    case.call('list_tags_result', 'list_tags', Resource=case.arn(name))


@recorded('TestLambdaTags::test_tag_exceptions')
def test_tag_exceptions(case):
    arn = case.arn(case.function())
    tags = {'key_a': 'value_a'}
    case.call('tag_lambda_invalidarn', 'tag_resource', Resource='arn:aws:something', Tags=tags)
    case.call('tag_lambda_doesnotexist', 'tag_resource', Resource=case.arn('doesnotexist'), Tags=tags)
    case.call('tag_lambda_qualifier_doesnotexist', 'tag_resource', Resource=f'{arn}:v1', Tags=tags)
    case.call('list_tag_lambda_empty', 'list_tags', Resource=arn)
    case.call('untag_nomatch', 'untag_resource', Resource=arn, TagKeys=['somekey'])
    case.call('untag_empty_keys', 'untag_resource', Resource=arn, TagKeys=[])
    case.call('tag_empty_tags', 'tag_resource', Resource=arn, Tags={})


@recorded('TestLambdaTags::test_tag_lifecycle')
def test_tag_lifecycle(case):
    name = case.function(Tags={'key_a': 'value_a'})
    arn = case.arn(name)

    def both(what):
        case.call(f'list_tags_response_{what}', 'list_tags', Resource=arn)
        case.call(f'get_fn_response_{what}', 'get_function', FunctionName=name)

    both('postfncreate')
    case.call('tag_resource_response', 'tag_resource', Resource=arn,
              Tags={f'key_{letter}': f'value_{letter}' for letter in 'bcde'})
    both('postaddtags')
    case.call('tag_resource_overwrite', 'tag_resource', Resource=arn, Tags={'key_b': 'value_b', 'key_c': 'value_x'})
    both('overwrite')
    case.client.untag_resource(Resource=arn, TagKeys=['key_c', 'key_d'])
    both('postuntag')
    case.client.untag_resource(Resource=arn, TagKeys=['key_a', 'key_b', 'key_e'])
    both('postuntagall')
    case.client.delete_function(FunctionName=name)
    case.call('list_tags_postdelete', 'list_tags', Resource=arn)


@recorded('TestLambdaTags::test_tag_versions')
def test_tag_versions(case):
    name = case.function()
    case.client.publish_version(FunctionName=name)
    for step, qualifier in [('tag_resource_exception', '1'), ('tag_resource_latest_exception', '$LATEST')]:
        case.call(step, 'tag_resource', Resource=case.arn(name, qualifier), Tags={'key_a': 'value_a'})
