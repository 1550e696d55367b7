from atlas_widget.widget import lifetime


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
