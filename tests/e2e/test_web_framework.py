# SPDX-License-Identifier: Apache-2.0
"""A web framework behind a function URL: FastAPI, through Mangum, both as their registry has them."""
import http.cookiejar
import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from support.zips import zip_folder

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

PACKAGES = ['fastapi==0.115.6', 'mangum==0.19.0']
APP = '''
from typing import Annotated

from fastapi import Cookie, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from mangum import Mangum
from pydantic import BaseModel

app = FastAPI()

class Item(BaseModel):
    name: str
    price: float

@app.get('/', response_class=HTMLResponse)
def page():
    return '<!doctype html><title>Shop</title><h1>Grüße</h1><script>document.title += "!"</script>'

@app.post('/items/{item_id:path}')
def item(item_id: str, item: Item, tag: Annotated[list[str], Query()] = []):
    return {'id': item_id, 'tags': tag, **item.model_dump()}

@app.get('/login')
def login():
    response = RedirectResponse('me', status_code=303)
    response.set_cookie('user', 'ann')
    response.set_cookie('theme', 'dark')
    return response

@app.get('/me')
def me(user: Annotated[str | None, Cookie()] = None, theme: Annotated[str | None, Cookie()] = None):
    return [user, theme]

@app.put('/reverse')
async def reverse(request: Request):
    return Response((await request.body())[::-1], media_type='application/octet-stream')

@app.get('/fail')
def fail():
    raise RuntimeError('no')

handler = Mangum(app, lifespan='off')
'''


@pytest.fixture(scope='module')
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp('fastapi')
    subprocess.run([sys.executable, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile',
                    '--target', folder, *PACKAGES], check=True)
    (folder / 'app.py').write_text(APP)
    return zip_folder(folder)


@pytest.fixture
def site(daemon, functions, client, package):
    """The site's address, as clients use it that cannot resolve names below localhost."""
    function = functions.create(package, MemorySize=512, Timeout=60)
    config = client.create_function_url_config(FunctionName=function.name, AuthType='NONE')
    client.add_permission(FunctionName=function.name, StatementId='public', Action='lambda:InvokeFunctionUrl',
                          Principal='*', FunctionUrlAuthType='NONE')
    url_id = config['FunctionUrl'].removeprefix('http://').split('.')[0]
    return f'{daemon.endpoint}/_lambd/url/{url_id}'


def ask(url, *arguments, **named):
    """(status, headers, body)"""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, *arguments, **named), timeout=120) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_fastapi(site):
    status, headers, body = ask(f'{site}/')
    assert (status, headers['Content-Type']) == (200, 'text/html; charset=utf-8')
    assert '<h1>Grüße</h1>' in body.decode()

    url = f'{site}/items/a%20b/%C3%BC?tag=x&tag=y%26z'
    status, headers, body = ask(url, json.dumps({'name': 'tea', 'price': 2.5}).encode(),
                                {'Content-Type': 'application/json'})
    assert (status, json.loads(body)) == (200, {'id': 'a b/ü', 'tags': ['x', 'y&z'], 'name': 'tea', 'price': 2.5})
    status, headers, body = ask(url, b'{"name": 1}', {'Content-Type': 'application/json'})
    assert status == 422
    assert {tuple(fault['loc']) for fault in json.loads(body)['detail']} == {('body', 'name'), ('body', 'price')}

    data = bytes(range(256)) * 1000
    status, headers, body = ask(f'{site}/reverse', data, {'Content-Type': 'image/png'}, method='PUT')
    assert (status, body == data[::-1]) == (200, True)
    assert ask(f'{site}/nothing')[0] == 404
    assert ask(f'{site}/login', method='DELETE')[0] == 405
    assert ask(f'{site}/fail')[0] == 500


def test_session(site):
    """Two cookies are set with a redirect, and sent back."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with opener.open(f'{site}/login', timeout=120) as answer:
        assert (answer.url, json.load(answer)) == (f'{site}/me', ['ann', 'dark'])
