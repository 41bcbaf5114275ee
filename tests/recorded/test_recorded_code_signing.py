# SPDX-License-Identifier: Apache-2.0
"""Code signing configurations."""
from replay import ACCOUNT, recorded


@recorded('TestCodeSigningConfig::test_code_signing_not_found_excs')
def test_code_signing_not_found_excs(case):
    name, missing = case.function(), 'csc-test-doesnotexist'
    arn = case.call('create_code_signing_config', 'create_code_signing_config',
                    Description='Testing CodeSigning Config',
                    AllowedPublishers={'SigningProfileVersionArns': [
                        f'arn:aws:signer:{case.region}:{ACCOUNT}:/signing-profiles/test']},
                    CodeSigningPolicies={'UntrustedArtifactOnDeployment': 'Enforce'},
                    )['CodeSigningConfig']['CodeSigningConfigArn']
    case.later(case.client.delete_code_signing_config, CodeSigningConfigArn=arn)
    other = arn[:-17] + '0' * 17
    case.call('delete_csc_notfound', 'delete_code_signing_config', CodeSigningConfigArn=other)
    case.call('nothing_to_delete_response', 'delete_function_code_signing_config', FunctionName=name)
    case.call('delete_function_csc_fnnotfound', 'delete_function_code_signing_config', FunctionName=missing)
    for step, function, config in [('fnname', missing, arn), ('csc_arn', name, other), ('both', missing, other)]:
        case.call(f'put_function_csc_invalid_{step}', 'put_function_code_signing_config', FunctionName=function,
                  CodeSigningConfigArn=config)
    case.call('update_csc_invalid_csc_arn', 'update_code_signing_config', CodeSigningConfigArn=other,
              Description='new description')
    case.call('update_csc_noupdates', 'update_code_signing_config', CodeSigningConfigArn=other)
    case.call('update_csc_noupdate_response', 'update_code_signing_config', CodeSigningConfigArn=arn)
    case.call('get_csc_invalid', 'get_code_signing_config', CodeSigningConfigArn=other)
    case.call('get_function_csc_fnwithoutcsc', 'get_function_code_signing_config', FunctionName=name)
    case.call('get_function_csc_nonexistingfn', 'get_function_code_signing_config', FunctionName=missing)
    case.call('list_functions_by_csc_fnwithoutcsc', 'list_functions_by_code_signing_config', CodeSigningConfigArn=arn)
    case.call('list_functions_by_csc_invalid_cscarn', 'list_functions_by_code_signing_config',
              CodeSigningConfigArn=other)
