"""Where AUTOMATIC1111 is, and how to use it."""

from attrs import frozen, validators

from agent.connector_settings.names import either, http_url
from shared.bounds import PORT
from shared.settings import setting

FORMATS = ("png", "jpg", "webp")


@frozen(kw_only=True, slots=False)  # several of them are bases of one class
class A1111Settings:
    """How to reach and use one AUTOMATIC1111, Forge, reForge or SD.Next."""

    a1111_url: str | None = setting(
        either("A1111_URL"), None, "where it listens; goes before host and port", parse=http_url
    )
    a1111_host: str = setting(either("A1111_HOST"), "127.0.0.1", "the host it listens on")
    a1111_port: int = setting(
        either("A1111_PORT"),
        7860,
        "the port it listens on; 7861 with --nowebui",
        validator=PORT,
    )
    a1111_username: str | None = setting(either("A1111_USERNAME"), None, "as in its --api-auth")
    a1111_password: str | None = setting(
        either("A1111_PASSWORD"), None, "goes with the user name", secret=True
    )
    a1111_timeout_s: float = setting(
        either("A1111_TIMEOUT_SECONDS"),
        300.0,
        "seconds that a picture may make no progress",
        validator=validators.gt(0),
    )
    a1111_max_concurrent_jobs: int = setting(
        either("A1111_MAX_CONCURRENT_JOBS"),
        1,
        "how many jobs are held for it; it makes one picture at a time",
        validator=validators.ge(1),
    )
    a1111_save_images: bool = setting(
        either("A1111_SAVE_IMAGES"),
        False,
        "whether it also keeps pictures on its own disk",
    )
    a1111_save_grid: bool = setting(
        either("A1111_SAVE_GRID"),
        False,
        "whether the grid, which it makes when it keeps pictures, is a result as well",
    )
    a1111_image_format: str = setting(
        either("A1111_IMAGE_FORMAT"),
        "png",
        f"the format of pictures: {', '.join(FORMATS)}",
        parse=str.lower,
        validator=validators.in_(FORMATS),
    )
    a1111_jpeg_quality: int = setting(
        either("A1111_JPEG_QUALITY"),
        95,
        "the quality of jpg and webp, 1 to 100",
        validator=[validators.ge(1), validators.le(100)],
    )
    a1111_png_compression: int = setting(
        either("A1111_PNG_COMPRESSION"),
        6,
        "how hard to compress png, 0 to 9; it does 6, any other costs packing once more",
        validator=[validators.ge(0), validators.le(9)],
    )
    a1111_poll_interval_s: float = setting(
        either("A1111_POLL_INTERVAL_SECONDS"),
        1.0,
        "seconds between two looks at the progress; SD.Next refuses more than 5 looks a second",
        validator=validators.gt(0),
    )
    a1111_grace_s: float = setting(
        either("A1111_GRACE_SECONDS"),
        30.0,
        "seconds that an interrupt may take, and a lost server to come back",
        validator=validators.gt(0),
    )

    @property
    def a1111_address(self) -> str:
        """The URL of the server."""
        return self.a1111_url or f"http://{self.a1111_host}:{self.a1111_port}"
