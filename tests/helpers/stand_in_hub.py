"""A stand-in of the Hugging Face Hub: what huggingface_hub asks of it, in memory."""

import base64
import hashlib
import json
import re
import urllib.parse

import httpx2


class StandInHub:
    """Repositories whose files are kept in dicts.

    Parameters
    ----------
    token : str
        Who sends another may not write, and not read what is private.

    Attributes
    ----------
    commits : dict of str to dict of str to bytes
        Of each hash all files.
    branches : dict of (repository, branch) to str
    private : set of str
    requests : list of (method, path)
    """

    def __init__(self, token="a-token"):
        self.token = token
        self.commits, self.branches = {}, {}
        self.private, self.requests = set(), []

    def client(self):
        """Return a client that asks this stand-in."""
        return httpx2.Client(
            transport=httpx2.MockTransport(self.answer), follow_redirects=True
        )

    def files(self, repo, revision="main"):
        """Return the files of a revision, by name."""
        return self.commits.get(self.branches.get((repo, revision), revision))

    def answer(self, request):
        """Return what the Hub would answer."""
        path = urllib.parse.unquote(request.url.path)
        self.requests.append((request.method, path))
        allowed = request.headers.get("authorization") == f"Bearer {self.token}"
        if path == "/api/validate-yaml":
            return httpx2.Response(200, json={"errors": [], "warnings": []})
        if path == "/api/repos/create":
            return self._create(json.loads(request.content), allowed)
        found = re.fullmatch(
            r"/api/models/(\w+/\w+)/(\w+)/([\w-]+)(/.*)?", path
        ) or re.fullmatch(r"/(\w+/\w+)/(resolve)/([\w-]+)(/.*)?", path)
        repo, what, revision, rest = found.groups()
        is_known = any(name == repo for name, _ in self.branches)
        writes = what in ("preupload", "commit", "branch")
        if not is_known or (writes or repo in self.private) and not allowed:
            return _error(401 if not allowed else 404, "RepoNotFound")
        if what == "branch":
            self.branches[repo, revision] = self.branches[repo, "main"]
            return httpx2.Response(200, json={})
        files = self.files(repo, revision)
        if files is None:
            return _error(404, "RevisionNotFound")
        sha = self.branches.get((repo, revision), revision)
        return getattr(self, f"_{what}")(request, repo, revision, sha, files, rest)

    def _create(self, body, allowed):
        repo = f"{body['organization']}/{body['name']}"
        if not allowed:
            return _error(401, "Unauthorized")
        if (repo, "main") in self.branches:
            return httpx2.Response(409, json={"url": f"https://huggingface.co/{repo}"})
        if body.get("private") or body.get("visibility") == "private":
            self.private.add(repo)
        self._add(repo, "main", {".gitattributes": b"*.safetensors filter=lfs\n"})
        return httpx2.Response(200, json={"url": f"https://huggingface.co/{repo}"})

    def _add(self, repo, branch, files):
        told = "".join(f"{name}{_sha(content)}" for name, content in files.items())
        sha = hashlib.sha1(f"{repo}{told}".encode()).hexdigest()
        self.commits[sha] = files
        self.branches[repo, branch] = sha
        return sha

    def _preupload(self, request, repo, revision, sha, files, rest):
        asked = json.loads(request.content)["files"]
        modes = [
            {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False}
            for one in asked
        ]
        return httpx2.Response(200, json={"files": modes})

    def _commit(self, request, repo, revision, sha, files, rest):
        files = dict(files)
        for line in map(json.loads, request.read().splitlines()):
            if line["key"] == "file":
                value = line["value"]
                files[value["path"]] = base64.b64decode(value["content"])
        is_proposed = request.url.params.get("create_pr") == "1"
        sha = self._add(repo, "refs-pr-1" if is_proposed else revision, files)
        url = f"https://huggingface.co/{repo}"
        answer = {"commitUrl": f"{url}/commit/{sha}", "commitOid": sha}
        if is_proposed:
            answer["pullRequestUrl"] = f"{url}/discussions/1"
        return httpx2.Response(200, json=answer)

    def _revision(self, request, repo, revision, sha, files, rest):
        return httpx2.Response(
            200,
            json={
                "id": repo,
                "sha": sha,
                "private": repo in self.private,
                "siblings": [{"rfilename": name} for name in files],
                "tags": [],
                "downloads": 0,
                "likes": 0,
            },
        )

    def _tree(self, request, repo, revision, sha, files, rest):
        entries = [
            {"type": "file", "path": name, "size": len(content), "oid": _sha(content)}
            for name, content in files.items()
        ]
        return httpx2.Response(200, json=entries)

    def _resolve(self, request, repo, revision, sha, files, rest):
        content = files.get(rest.removeprefix("/"))
        if content is None:
            return _error(404, "EntryNotFound")
        headers = {
            "etag": f'"{_sha(content)}"',
            "x-repo-commit": sha,
            "content-length": str(len(content)),
        }
        return httpx2.Response(200, content=content, headers=headers)


def _sha(content):
    return hashlib.sha1(content).hexdigest()


def _error(status, code):
    return httpx2.Response(status, headers={"x-error-code": code}, json={"error": code})
