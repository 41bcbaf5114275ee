# SPDX-License-Identifier: Apache-2.0
"""Makes a picture smaller.

Event:  {"image": "<base64 of a picture>", "width": 160}
Answer: {"image": "<base64 of a JPEG>", "width": 160, "height": 107}
"""
import base64
import io

from PIL import Image


def handler(event, context):
    picture = Image.open(io.BytesIO(base64.b64decode(event['image'])))
    width = event.get('width', 160)
    picture.thumbnail((width, width * picture.height // picture.width + 1))
    jpeg = io.BytesIO()
    picture.convert('RGB').save(jpeg, 'JPEG', quality=85)
    print(f'{len(event["image"])} characters in, {picture.width}x{picture.height} out')
    return {
        'image': base64.b64encode(jpeg.getvalue()).decode(),
        'width': picture.width,
        'height': picture.height,
    }
