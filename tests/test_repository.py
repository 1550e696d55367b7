"""Forms, workflows and the citation agree with the rest of the repository."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_github_requires(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"]
    assert form["description"]
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids))
    for field in form["body"]:
        assert field["type"] in ("textarea", "input", "dropdown")
        assert field["attributes"]["label"]


def test_a_report_of_a_fault_names_host_and_versions() -> None:
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "fault.yml").read_text(encoding="utf-8"))
    asked = {field["id"]: field for field in form["body"]}
    for name in ("host", "info"):
        assert asked[name]["validations"]["required"] is True
    assert "python -m atlas_widget info" in asked["info"]["attributes"]["description"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_run_what_is_there(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    commands = " \n".join(
        step.get("run", "") for job in workflow["jobs"].values() for step in job.get("steps", ())
    )
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^make ([\w-]+)", commands, re.MULTILINE)
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []
    tools = re.findall(r"tools/\w+\.py", commands)
    assert [name for name in tools if not (ROOT / name).is_file()] == []


def test_publishing_waits_for_all_checks_and_holds_no_secret() -> None:
    text = (GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert set(workflow["jobs"]["publish"]["needs"]) == {"ci", "build"}
    assert workflow["jobs"]["publish"]["permissions"]["id-token"] == "write"
    assert "id-token" not in workflow["permissions"]
    assert "secrets." not in text


def test_every_required_package_has_an_oldest_version() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "oldest.py"))
    assert len(tool["oldest"](PROJECT["dependencies"])) == len(PROJECT["dependencies"])


def test_the_citation_is_that_of_the_readme_and_has_no_version_of_its_own() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    article = citation["preferred-citation"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{{{article['doi']}}}" in readme
    for author in article["authors"]:
        assert f"{author['family-names']}, {author['given-names']}" in readme
    assert "version" not in citation
