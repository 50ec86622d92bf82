"""PNG files packed as hard as the settings say; the server packs them its own way."""

import asyncio
from io import BytesIO

from attrs import evolve

from agent.connectors.base import OutputFile, Result

_SERVERS_OWN = 6


async def packed(result: Result, compression: int) -> Result:
    """Return the result with its PNG files packed at `compression`, 0 … 9."""
    if compression == _SERVERS_OWN:
        return result
    files = [await asyncio.to_thread(_repacked, file, compression) for file in result.files]
    return evolve(result, files=tuple(files))


def _repacked(file: OutputFile, compression: int) -> OutputFile:
    from PIL import Image  # noqa: PLC0415 - other jobs need no Pillow
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415

    if file.mime_type != "image/png" or not isinstance(file.content, bytes):
        return file
    into, texts = BytesIO(), PngInfo()
    with Image.open(BytesIO(file.content)) as picture:
        for key, value in picture.info.items():
            if isinstance(value, str):  # the parameters of the picture, for one
                texts.add_text(str(key), value)
        picture.save(into, "PNG", pnginfo=texts, compress_level=compression)
    return evolve(file, content=into.getvalue())
