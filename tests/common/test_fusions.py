"""The contract of every fusion with every alignment, missing modalities and all."""

import itertools
import pickle

import pytest
import torch

from skmm._data.blocks import Block
from skmm._nn.seeding import drawing_from, make_generator, needs_global_state, seeded
from skmm._training.heads._fused import FusedModule
from skmm._training.module import MultimodalModule
from skmm._training.net import MultimodalNet
from skmm._training.targets import ClassificationTargets
from skmm.alignment import ALIGNMENTS, make_alignment
from skmm.augmentation import Mixup
from skmm.encoders import Encoded
from skmm.fusion import FUSIONS, FusionSpec, make_fusion

WIDTH, N_OUTPUTS, N_ROWS = 8, 3, 6
ROWS = torch.arange(N_ROWS)[:, None]
PRESENCE = {
    "all": lambda m: torch.ones(N_ROWS, m, dtype=torch.bool),
    "half": lambda m: (ROWS + torch.arange(m)) % 2 == 0,
    "one row empty": lambda m: ROWS.expand(-1, m) != 2,
}
N_MODALITIES = [1, 2, 5]
CASES = list(itertools.product(FUSIONS, N_MODALITIES, PRESENCE))
#: No parameter and no place tells the modalities apart.
ORDERLESS = ["sum", "mean", "max", "product"]

each_case = pytest.mark.parametrize("fusion, m, presence", CASES)


class Tokens(torch.nn.Module):
    """Give what the block holds; every second modality as tokens, too."""

    def __init__(self, with_tokens):
        super().__init__()
        self.with_tokens = with_tokens

    def forward(self, block):
        if not self.with_tokens:
            return block[0]
        tokens = torch.stack([block[0], 2 * block[0], block[0].flip(1)], dim=1)
        mask = torch.ones(tokens.shape[:2], dtype=torch.bool)
        mask[::2, 2] = False
        return Encoded(block[0], tokens, mask)


def build(fusion, m, alignments=(), dropout=0.0, **options):
    """A fused head over ``m`` modalities, m0, m1, ..."""
    torch.manual_seed(0)
    names = [f"m{i}" for i in range(m)]
    encoders = {name: Tokens(i % 2 == 1) for i, name in enumerate(names)}
    spec = FusionSpec(names, WIDTH, N_OUTPUTS, encoders, dropout)
    fusion = make_fusion(fusion)
    head = FusedModule(
        encoders,
        fusion.build_module(spec),
        spec,
        depth=1,
        uses_tokens=fusion.uses_tokens,
        **options,
    )
    head.align([make_alignment(a) for a in alignments])
    head.alignment_weight = 0.1
    for parameter in head.parameters():
        if not parameter.any():  # as after some steps: zeros let no gradient through
            torch.nn.init.normal_(parameter, std=0.1)
    return head


def vectors_of(m, requires_grad=False):
    generator = torch.Generator().manual_seed(1)
    return [
        torch.randn(N_ROWS, WIDTH, generator=generator).requires_grad_(requires_grad)
        for _ in range(m)
    ]


def blocks_of(vectors, present):
    return {
        f"m{i}": Block(part, present=present[:, i]) for i, part in enumerate(vectors)
    }


def run(head, vectors, present):
    """The output and the training loss, as the net adds it up; noise drawn alike."""
    torch.manual_seed(2)
    output = head(blocks_of(vectors, present))
    codes = torch.arange(N_ROWS)[:, None] % N_OUTPUTS
    targets = ClassificationTargets(codes.numpy()[:, 0])
    net = MultimodalNet(head, torch.nn.Identity, targets=targets)
    loss, _ = net.get_loss({"fused": output}, (codes, torch.ones(N_ROWS)))
    return output, loss


def tensors(output):
    return [part for part in output if part is not None]


@each_case
def test_shapes_and_gradients(fusion, m, presence):
    head, present = build(fusion, m), PRESENCE[presence](m)
    vectors = vectors_of(m, requires_grad=True)
    output, loss = run(head, vectors, present)
    assert output.embedding.shape == (N_ROWS, head.out_features)
    assert output.logits.shape == (N_ROWS, N_OUTPUTS)
    assert all(torch.isfinite(part).all() for part in tensors(output))
    if output.weights is not None:
        assert output.weights.shape == (N_ROWS, m)
        assert (output.weights[~present] == 0).all()
    loss.backward()
    gradients = torch.stack([part.grad for part in vectors], dim=1)
    assert torch.isfinite(gradients).all()
    reached = (gradients != 0).any(-1)
    if fusion == "max":  # a row's gradient goes to its largest values alone
        assert not (reached & ~present).any()
        reached, present = reached.any(0), present.any(0)
    assert torch.equal(reached, present)


@each_case
def test_with_every_alignment(fusion, m, presence):
    """Finite, and neither loss nor gradient knows what an absent cell holds."""
    # All alignments at once: their losses are added up, and garbage in one shows.
    head, present = build(fusion, m, list(ALIGNMENTS)), PRESENCE[presence](m)
    expected = None
    for filling in [None, *GARBAGE]:
        vectors = vectors_of(m)
        if filling is not None:
            vectors = [
                torch.where(present[:, i, None], part, filling)
                for i, part in enumerate(vectors)
            ]
        vectors = [part.requires_grad_() for part in vectors]
        head.zero_grad()
        output, loss = run(head, vectors, present)
        loss.backward()
        gradients = [p.grad for p in head.parameters() if p.grad is not None]
        reached = [part.grad for part in vectors]
        found = [*tensors(output), loss, *gradients, *reached]
        if filling is None:
            assert all(torch.isfinite(part).all() for part in found)
            expected = found
            if present.all():  # nothing to fill
                return
        assert all(map(torch.equal, found, expected)), filling


GARBAGE = [1e30, float("nan"), float("inf")]


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("m", N_MODALITIES)
def test_predictions_do_not_know_garbage(fusion, m):
    head, present = build(fusion, m).eval(), PRESENCE["half"](m)
    clean, _ = run(head, vectors_of(m), present)
    for garbage in GARBAGE:
        filled = [
            torch.where(present[:, i, None], part, garbage)
            for i, part in enumerate(vectors_of(m))
        ]
        output, _ = run(head, filled, present)
        assert all(map(torch.equal, tensors(clean), tensors(output)))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_row_does_not_depend_on_its_batch(fusion):
    head, present = build(fusion, 3).eval().double(), PRESENCE["half"](3)
    vectors = [part.double() for part in vectors_of(3)]
    whole, _ = run(head, vectors, present)
    # The tokens' mask above goes by the place in the batch: an even one stays even.
    rows = torch.tensor([2, 5, 4])
    some = head(blocks_of([part[rows] for part in vectors], present[rows]))
    torch.testing.assert_close(some.logits, whole.logits[rows])


@pytest.mark.parametrize("fusion", ORDERLESS)
@pytest.mark.parametrize("presence", PRESENCE)
def test_the_order_of_the_modalities_does_not_matter(fusion, presence):
    head, present = build(fusion, 5), PRESENCE[presence](5)
    order, vectors = [3, 0, 4, 1, 2], vectors_of(5)
    one, _ = run(head, vectors, present)
    two, _ = run(head, [vectors[i] for i in order], present[:, order])
    torch.testing.assert_close(one.embedding, two.embedding)


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("how", ["autocast", "cast"])
def test_bfloat16(fusion, how):
    head, present = build(fusion, 3, ["contrastive", "cca"]), PRESENCE["half"](3)
    vectors = vectors_of(3, requires_grad=True)
    if how == "autocast":
        with torch.autocast("cpu", torch.bfloat16):
            output, loss = run(head, vectors, present)
    else:
        head = head.bfloat16()
        output, loss = run(head, [part.bfloat16() for part in vectors], present)
    loss.backward()
    assert all(torch.isfinite(part).all() for part in (*tensors(output), loss))
    assert all(torch.isfinite(part.grad).all() for part in vectors)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_save_and_load(fusion):
    head, present = build(fusion, 3, list(ALIGNMENTS)).eval(), PRESENCE["half"](3)
    loaded = pickle.loads(pickle.dumps(head))
    fresh = build(fusion, 3, list(ALIGNMENTS)).eval()
    fresh.load_state_dict(head.state_dict())
    one, _ = run(head, vectors_of(3), present)
    for other in (loaded, fresh):
        two, _ = run(other, vectors_of(3), present)
        assert all(map(torch.equal, tensors(one), tensors(two)))


@pytest.mark.slow  # half a minute each
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("fusion", FUSIONS)
def test_compile(fusion):
    torch.compiler.reset()  # a process keeps but a few versions of one code
    head, present = build(fusion, 3, ["contrastive"]), PRESENCE["half"](3)
    module = MultimodalModule({"fused": head}).eval()
    blocks = blocks_of(vectors_of(3), present)
    plain = module(blocks)["fused"].logits
    compiled = torch.compile(module)(blocks)["fused"].logits
    torch.testing.assert_close(compiled, plain)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_modality_dropout_never_hides_all(fusion):
    """What the fusion is told is a part of what is present, and never nothing."""
    head, present = build(fusion, 3), PRESENCE["half"](3)
    head.modality_dropout = 0.9
    present[0] = False
    seen = []
    head.fusion.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[:2]))
    for _ in range(5):
        head(blocks_of(vectors_of(3), present))
    for vectors, told in seen:
        assert not (told & ~present).any()
        assert torch.equal(told.any(1), present.any(1))
        assert (vectors[~told] == 0).all()
    assert any((told != present).any() for _, told in seen)
    head.eval()(blocks_of(vectors_of(3), present))
    assert torch.equal(seen[-1][1], present)


@pytest.mark.parametrize(
    "fusion, alignment",
    [(fusion, "contrastive") for fusion in FUSIONS]
    + [("concat", alignment) for alignment in ALIGNMENTS],
)
def test_training_draws_from_the_generator_of_its_fit(fusion, alignment):
    """And knows nothing of the process's default type."""
    found, present = [], PRESENCE["half"](5)
    blocks = blocks_of(vectors_of(5), present)
    for dtype in (torch.float32, torch.float64):
        torch.set_default_dtype(dtype)
        try:
            with seeded(0):
                head = build(fusion, 5, [alignment], dropout=0.5)
            head.modality_dropout, head.mixup = 0.3, Mixup()
            state = torch.get_rng_state()
            with drawing_from(make_generator(0)):
                output = head.train()(blocks)
        finally:
            torch.set_default_dtype(torch.float32)
        assert torch.equal(torch.get_rng_state(), state)
        found.append(output)
    assert not any(needs_global_state(part) for part in (head.fusion, head.alignments))
    for one, other in zip(*map(tensors, found)):
        if isinstance(one, torch.Tensor):  # not how rows were mixed
            assert one.dtype == other.dtype != torch.float64
            assert torch.equal(one, other)
