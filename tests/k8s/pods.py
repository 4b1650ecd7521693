"""A pod of this machine's: its volumes are folders, its variables those of the manifest."""

from collections.abc import Mapping
from pathlib import Path

from tests.k8s.manifests import Document, config_files, environment, workload
from tests.processes import TOKEN


class Pod:
    """The main container of a workload.

    Args:
        rendered: The overlay.
        name: Which workload of it.
        folder: Where the folders of its volumes are.
        index: Which pod of a set.
    """

    def __init__(self, rendered: list[Document], name: str, folder: Path, index: int = 0) -> None:
        one = workload(rendered, name)
        self.container = one.main
        self._rendered = rendered
        self._folder = folder
        self._index = index
        self._shared = {
            volume["name"] for volume in one.pod["volumes"] if "persistentVolumeClaim" in volume
        }
        self._mounts = {mount["mountPath"]: mount["name"] for mount in one.main["volumeMounts"]}
        if "/var/run/avstar" in self._mounts:
            (self.place("/var/run/avstar") / "token").write_text(TOKEN)
        for mount, volume in self._mounts.items():
            for file, text in config_files(rendered, one, volume).items():
                (self.place(mount) / file).write_text(text)

    def place(self, mount: str) -> Path:
        """Return the folder of a mount. Pods share claims; the rest is each pod's own."""
        name = self._mounts[mount]
        folder = self._folder / (name if name in self._shared else f"{name}-{self._index}")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def given(self) -> dict[str, str]:
        return environment(self._rendered, self.container, self._index)

    def moved(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Put paths on mounts into the folders that stand for these."""
        return {name: self._moved(value) for name, value in variables.items()}

    @property
    def args(self) -> list[str]:
        return [self._moved(word) for word in self.container["args"]]

    def _moved(self, value: str) -> str:
        for mount in self._mounts:
            if value == mount or value.startswith(f"{mount}/"):
                return f"{self.place(mount)}{value.removeprefix(mount)}"
        return value
