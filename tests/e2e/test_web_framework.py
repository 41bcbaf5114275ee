# SPDX-License-Identifier: Apache-2.0
"""
A web framework behind a function URL: FastAPI, through Mangum, both as their registry has them; asked by a client
library, and looked at with a browser.
"""
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
    return '<!doctype html><title>Shop</title><h1>Grüße</h1>'

# Everything is asked before the page counts as loaded, so that a browser shows it all.
@app.get('/tour', response_class=HTMLResponse)
def tour(there: str):
    return """<!doctype html><title>Tour</title><script>
        function ask(method, url, body) {
            const request = new XMLHttpRequest();
            request.open(method, url, false);
            if (body) {
                request.setRequestHeader('Content-Type', 'application/json');
                request.setRequestHeader('X-Extra', 'makes it a request that needs asking');
            }
            try { request.send(body); } catch (error) { return `refused: ${error.name}`; }
            return `${request.status} ${request.responseText}`;
        }
        function show(id, text) { document.write(`<p id="${id}">${text}</p>`); }
        show('login', ask('GET', 'login'));
        show('here', ask('POST', 'items/x', '{"name": "tea", "price": 2.5}'));
        show('there', ask('POST', '%s' + 'items/y', '{"name": "pot", "price": 30}'));
    </script>""" % there

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
def open_site(functions, client, package):
    """open_site(): the address of a new one."""
    def make(**arguments):
        function = functions.create(package, MemorySize=512, Timeout=60)
        config = client.create_function_url_config(FunctionName=function.name, AuthType='NONE', **arguments)
        client.add_permission(FunctionName=function.name, StatementId='public', Action='lambda:InvokeFunctionUrl',
                              Principal='*', FunctionUrlAuthType='NONE')
        return config['FunctionUrl']
    return make


@pytest.fixture
def site(daemon, open_site):
    """As clients name it that cannot resolve names below localhost."""
    url_id = open_site().removeprefix('http://').split('.')[0]
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


def browse(folder, url):
    """The page's DOM, when it is loaded."""
    return subprocess.run(['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                           f'--user-data-dir={folder}', '--dump-dom', url],
                          check=True, stdout=subprocess.PIPE, text=True, timeout=300).stdout


def test_browser(open_site, tmp_path):
    """Pages, redirects, cookies and JSON at one site; another answers only if its Cors object names the first."""
    here = open_site()
    origin = here.rstrip('/')
    cors = {'AllowOrigins': [origin], 'AllowMethods': ['POST'], 'AllowHeaders': ['content-type', 'x-extra']}
    there = open_site(Cors=cors)
    closed = open_site(Cors=cors | {'AllowOrigins': ['https://elsewhere.example']})
    dom = browse(tmp_path / 'profile', f'{here}tour?there={there}')
    assert '<p id="login">200 ["ann","dark"]</p>' in dom
    assert '<p id="here">200 {"id":"x","tags":[],"name":"tea","price":2.5}</p>' in dom
    assert '<p id="there">200 {"id":"y","tags":[],"name":"pot","price":30.0}</p>' in dom
    dom = browse(tmp_path / 'profile', f'{here}tour?there={closed}')
    assert '<p id="here">200 ' in dom
    assert '<p id="there">refused: NetworkError</p>' in dom
