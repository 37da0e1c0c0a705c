"""How far a verdict reaches: rows by variation, divergence apart, and a base that must hold."""

import numpy as np
import pytest

import initexplain as ie
from initexplain.experiments.reach import PAGE, Row, Scaled, Setting, reach
from initexplain.experiments.verdicts import on_data_sets
from initexplain.figures.reach import reach_figure


def learned(setting):
    trial = setting.trained()
    return trial.judged(trial.losses[-1] < 0.5)


BASE = Setting(weights=ie.lecun_normal(), hidden=(8,), steps=200, seeds=3)


def test_what_does_not_hold_is_told_from_what_diverged():
    rows = reach(
        learned,
        BASE,
        {
            "short": ("{steps} updates", {"steps": 1}),
            "zero": ("zero weights", {"weights": ie.zeros()}),
            "fast": ("rate {learning_rate:.0f}", {"activation": "relu", "learning_rate": 100.0}),
        },
    )
    assert list(rows) == [PAGE, "short", "zero", "fast"]
    assert rows[PAGE] == Row("as on this page", seeds=3, holds=3, diverged=0)
    assert rows["short"] == Row("1 updates", seeds=3, holds=0, diverged=0)
    assert rows["zero"] == Row("zero weights", seeds=3, holds=0, diverged=0)
    assert rows["fast"] == Row("rate 100", seeds=3, holds=0, diverged=3)


def test_a_verdict_that_fails_in_the_setting_of_the_page_is_an_error():
    with pytest.raises(ValueError, match=r"'learned' does not hold here.*seeds=3, holds=0"):
        reach(learned, Setting(weights=ie.zeros(), seeds=3, steps=10), {})


@pytest.mark.parametrize("batch_size", [None, 16])
def test_a_trial_is_the_training_that_its_setting_names(batch_size):
    def moons(rng):
        return ie.two_moons(rng, examples=40)

    kind = {"weights": ie.normal(0.3), "biases": ie.constant(0.1), "activation": "relu"}
    how = {"loss": "logistic", "optimizer": "adam", "learning_rate": 0.01, "batch_size": batch_size}
    setting = Setting(**kind, **how, hidden=(5, 4), data=moons, steps=7, seeds=2, seed=3)
    trial = setting.trained()
    assert trial.start.sizes == (2, 5, 4, 1)
    assert trial.start.ensemble == (2,)
    assert all((b == 0.1).all() for b in trial.start.biases)
    order = np.random.default_rng(3)  # drawn from in the order that the class states
    inputs, targets = moons(order)
    assert (trial.inputs == inputs).all()
    start = ie.Network.initialize(order, [2, 5, 4, 1], **kind, ensemble=(2,))
    history = ie.train(start, inputs, targets, **how, steps=7, rng=order)
    # half of the examples are of each class: the best constant gives each one half
    assert trial.losses == pytest.approx(history.losses / np.log(2))


ROWS = {"page": Row("as on this page", 10, 10, 0), "fast": Row("fast", 10, 2, 5)}


def test_the_figure_shows_shares_and_says_what_diverged():
    figure = reach_figure(ROWS)
    [axes] = figure.axes
    outline, filled, hatched = axes.containers
    assert [bar.get_width() for bar in outline] == [1, 1]
    assert [bar.get_width() for bar in filled] == [1, 0.2]
    assert [(bar.get_x(), bar.get_width()) for bar in hatched] == [(0.5, 0.5)]
    assert [text.get_text() for text in axes.texts] == ["10 of 10", "2 of 10, 5 diverged"]
    assert "as on this page" in figure.svg()


def test_several_verdicts_stand_side_by_side_with_one_set_of_labels():
    figure = reach_figure(ROWS, ROWS, titles=("first", "second"))
    second = figure.axes[1]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["first", "second"]
    assert [text.get_text() for text in second.texts] == ["10 of 10", "2 of 10"]
    assert figure.svg().count("as on this page") == 1


def test_a_scaled_setting_is_one_draw_at_several_scales():
    plain = {"weights": ie.lecun_normal(), "hidden": (3, 3), "steps": 2, "seeds": 2}
    trial = Scaled(**plain, scales=(1.0, 4.0)).trained()
    once = Setting(**plain).trained()
    for layer, matrix in enumerate(once.start.weights):
        assert (trial.start.weights[layer][0] == matrix).all()
        assert (trial.start.weights[layer][1] == matrix * (4 if layer < 2 else 1)).all()
    assert trial.losses[:, 0] == pytest.approx(once.losses)
    assert trial.judged(trial.losses[-1, 1] > 0).tolist() == [1, 1]


def test_a_seed_that_diverges_at_one_of_the_scales_diverged():
    trial = Scaled(weights=ie.lecun_normal(), steps=60, seeds=2, activation="relu",
                   learning_rate=0.1, scales=(0.001, 100.0)).trained()  # fmt: skip
    assert (trial.history.diverged_at >= 0).tolist() == [[False] * 2, [True] * 2]
    assert np.isnan(trial.judged(np.ones(2))).all()


def test_a_verdict_on_data_sets_sees_what_each_seed_alone_would_draw():
    setting = Setting(weights=ie.lecun_normal(), hidden=(5,), steps=30, seeds=3, seed=2)
    trials = []

    def ends(asked):
        trials.append(asked.trained())
        return trials[-1].judged(trials[-1].history.losses[-1] > 0)

    assert on_data_sets(ends)(setting).tolist() == [1, 1, 1]
    for i in range(3):
        rng = np.random.default_rng(2 + i)
        inputs, targets = ie.teacher(rng)
        start = ie.Network.initialize(rng, [4, 5, 2], weights=ie.lecun_normal())
        alone = ie.train(start, inputs, targets, steps=30, learning_rate=0.1)
        np.testing.assert_allclose(trials[0].history.losses[:, i], alone.losses, rtol=1e-12)
