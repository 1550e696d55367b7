import pytest

from atlas_widget import lifetime


class Shell:
    kernel = object()


@pytest.mark.parametrize(
    ("version", "said"),
    [("7.4.0", "clicks"), ("7.0.1", "pictures"), ("7.3.2", None), ("6.31.0", None)],
)
def test_kernels_that_misbehave_are_named(monkeypatch, version, said):
    monkeypatch.setattr("IPython.get_ipython", Shell)
    monkeypatch.setattr(lifetime, "version", lambda _: version)
    notice = lifetime.kernel_notice()
    if said is None:
        assert notice is None
    else:
        assert version in notice
        assert said in notice
        assert "pip install" in notice


def test_outside_a_kernel_nothing_is_said(monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    assert lifetime.kernel_notice() is None


def test_a_checkout_without_the_bundle_says_how_to_build_it(monkeypatch, tmp_path):
    monkeypatch.setattr(lifetime, "_STATIC", tmp_path)
    assert "make bundle" in lifetime.bundle("widget.js")


def test_the_bundle_is_watched_only_while_the_view_is_changed(monkeypatch, tmp_path):
    monkeypatch.setattr(lifetime, "_STATIC", tmp_path)
    (tmp_path / "widget.js").write_text("export default {}")
    monkeypatch.delenv("ANYWIDGET_HMR", raising=False)
    assert lifetime.bundle("widget.js").startswith("export default")
    monkeypatch.setenv("ANYWIDGET_HMR", "1")
    assert lifetime.bundle("widget.js") == tmp_path / "widget.js"
