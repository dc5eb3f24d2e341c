//! Values of built-in and standard types read as Python's own `repr` writes them.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use monologue::{
    record::{Launch, record},
    trace::repr,
};
use std::{collections::BTreeMap, fs, time::Duration};
use support::{
    launch_script,
    pythons::{self, Interpreter},
    replay::{Event, replay},
};

/// Ends a script: what `repr` says of each of its names, without addresses, goes to a file beside it.
const TOLD: &str = "
def told(names):
    import re
    with open(__file__ + '.told', 'w', encoding='utf-8') as out:
        for name, value in list(names.items()):
            if name[:2] != '__' and name != 'told':
                print(name, re.sub(' at 0x[0-9a-fA-F]+', '', repr(value)), sep='\\t', file=out)
told(globals())
";

/// The events of a script's body, and what its end told.
fn recorded(python: &Interpreter, text: &str) -> (Vec<Event>, BTreeMap<String, String>) {
    let folder = tempfile::tempdir().unwrap();
    let (file, trace) = (folder.path().join("script.py"), folder.path().join("trace"));
    fs::write(&file, format!("{text}{TOLD}")).unwrap();
    let outcome = record(&Launch {
        timeout: Some(Duration::from_secs(120)),
        ..launch_script(python, &file, &trace)
    });
    let outcome = outcome.unwrap();
    let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
    assert_eq!(outcome.status, 0, "3.{}: {said}", python.minor);
    let told = fs::read_to_string(folder.path().join("script.py.told")).unwrap();
    let told = told.lines().filter_map(|it| it.split_once('\t'));
    let told = told
        .map(|(name, it)| (name.into(), it.into()))
        .collect::<BTreeMap<_, _>>();
    let events = replay(&trace).events.into_iter();
    (events.filter(|it| it.frame == 1).collect(), told)
}

#[test]
fn built_in_values_read_as_python_writes_them() {
    for python in pythons::installed() {
        let (events, told) = recorded(&python, VALUES);
        let last = &events.last().unwrap().locals;
        let mut wrong = Vec::new();
        for (name, expected) in &told {
            let text = repr(&last[name]);
            if text != *expected {
                wrong.push(format!("{name}: {text}, not {expected}"));
            }
        }
        assert!(80 <= told.len(), "only {} values", told.len());
        let wrong = wrong.join("\n");
        assert!(wrong.is_empty(), "3.{}:\n{wrong}", python.minor);
    }
}

const VALUES: &str = r#"
import collections as c, datetime, decimal, itertools, sys, types, uuid
class A:
    __slots__ = ('x',)
    def m(self): pass
def f():
    yield
a = A()
none, yes, no, more, nothing = None, True, False, ..., NotImplemented
huge, small, power = 10 ** 300, -7, -2 ** 64
nan, inf, low, zero, tiny, big = float('nan'), float('inf'), -float('inf'), -0.0, 5e-324, 1e22
cut, whole = 1e16, 123456789012345.6
complex_, imaginary, odd = 1.5 - 2j, 3j, complex(-0.0, float('nan'))
quotes = ['it\'s', 'say "hi"', '\'"', '\\', 'a\tb\r\n\x00\x7f']
surrogates = '\ud800 x \udfff'
invisible = '\u200b\u2028\xad\xa0\x85\ue000\U000e0001 é 日 😀'
bytes_ = [b'', b'a\'b', b'"\'', bytes(range(256))]
array = bytearray(b"it's"), bytearray()
memory = memoryview(b'abc')
range_ = range(3), range(1, 10, 2), range(0), range(-2 ** 70, 2 ** 70)
slice_ = slice(1), slice(None, None, -1), slice('a', b'b', 1.5)
empty = [], (), {}, set(), frozenset(), '', b''
nested = [[], [[]], ({},), {'a': {'b': [()]}}]
one = (1,), {1}, frozenset([1]), [None]
frozen = frozenset(['a'])
keyed = {True: 1, None: 2, (1, 2): 3, 'k': 4, 2.5: 5, frozenset(): 6, b'k': 7}
loop = [1]; loop.append(loop)
ring = {}; ring['me'] = ring
knot = [{}]; knot[0]['up'] = (knot,)
dict_ = {'a': 1, 'b': [2]}
keys, values, items = dict_.keys(), dict_.values(), dict_.items()
views = [{}.keys(), {}.values(), {}.items(), {1: {}.keys()}]
self_view = {}; self_view['v'] = self_view.values()
within = {}; viewed = within.items(); within['v'] = [viewed]
ordered = c.OrderedDict([('b', 1), ('a', 2)]); ordered.move_to_end('b')
okeys, ovalues, oitems = ordered.keys(), ordered.values(), ordered.items()
default = c.defaultdict(list, {'a': [1]})
dkeys, ditems = default.keys(), default.items()
plain_default = c.defaultdict(None, {1: 2})
counted = c.Counter('aab').items()
proxy = types.MappingProxyType({'a': [1]})
proxy_of_proxy = types.MappingProxyType(c.defaultdict(int))
deque, bounded, none_left = c.deque([1, [2]]), c.deque('abc', maxlen=2), c.deque()
Pair = c.namedtuple('Pair', 'x y')
pair = Pair(1, Pair('a', None))
types_ = int, type, A, A.__class__, Exception, c.OrderedDict, type(None), types.FunctionType, Pair
function, lambda_ = f, lambda: 0
built_in, bound, of_class = len, [].append, {}.get
made = str.join, int.__add__, (1).__add__, A.x, type.__dict__['__mro__'], dict.__dict__['fromkeys']
method = A.m
property_ = property(f)
generator = f()
iterators = [enumerate([]), zip(), map(len, []), filter(None, []), iter([]), iter(()), iter({}),
    iter(''), iter(b''), iter(range(1)), iter(set()), reversed([]), iter(int, 0), iter(dict_.items())]
more_iterators = itertools.chain(), itertools.islice([], 1)
cell = (lambda: f).__closure__, (lambda it: lambda: it)(1).__closure__[0]
code = f.__code__
errors = [ValueError('x'), KeyError(), OSError(2, 'no'), StopIteration(3), Exception('a', ['b'])]
module = sys
namespace = types.SimpleNamespace(a=1, b=[2]), types.SimpleNamespace()
alias = list[int], dict[str, list[int]], tuple[int, ...]
super_ = super(A, a)
date = datetime.date(2020, 1, 2), datetime.timedelta(1, 2), datetime.datetime(2020, 1, 2, 3)
number = decimal.Decimal('1.10'), decimal.Decimal('NaN')
if sys.version_info >= (3, 10):
    union = int | None, list[int] | str
    version = sys.float_info
if sys.version_info < (3, 12):
    del ordered  # Written as pairs there; here as a dict, as later versions do.
del a, c, datetime, decimal, itertools, types, uuid
"#;

#[test]
fn views_show_what_their_dict_holds_at_each_step() {
    let text = "
d = {}
k, v, i = d.keys(), d.values(), d.items()
held = [v]
d['a'] = [1]
d['a'].append(2)
d['b'] = 3
del d['a']
d.clear()
last = 0
";
    let expected = [
        (4, "", "", ""),
        (5, "", "", ""),
        (6, "'a'", "[1]", "('a', [1])"),
        (7, "'a'", "[1, 2]", "('a', [1, 2])"),
        (8, "'a', 'b'", "[1, 2], 3", "('a', [1, 2]), ('b', 3)"),
        (9, "'b'", "3", "('b', 3)"),
        (10, "", "", ""),
    ];
    for python in pythons::installed() {
        let (events, _) = recorded(&python, text);
        for (line, keys, values, items) in expected {
            let at = |it: &&Event| it.kind == "line" && it.line == line;
            let locals = &events.iter().find(at).unwrap().locals;
            let shown = |name: &str| repr(&locals[name]);
            let place = format!("3.{} line {line}", python.minor);
            assert_eq!(shown("k"), format!("dict_keys([{keys}])"), "{place}");
            assert_eq!(shown("v"), format!("dict_values([{values}])"), "{place}");
            assert_eq!(shown("i"), format!("dict_items([{items}])"), "{place}");
            if line != 4 {
                let held = format!("[dict_values([{values}])]");
                assert_eq!(shown("held"), held, "{place}");
            }
        }
    }
}

#[test]
fn no_code_of_the_program_runs_for_a_view() {
    let text = "
ran = []
class Hostile:
    def __hash__(self): ran.append('hash'); return 1
    def __eq__(self, other): ran.append('eq'); return self is other
    def __repr__(self): ran.append('repr'); return 'hostile'
class Number(int):
    def __repr__(self): ran.append('repr'); return 'hostile'
class Meta(type):
    def __repr__(self): ran.append('repr'); return 'hostile'
    def __getattr__(self, name): ran.append(name); raise AttributeError
class Named(metaclass=Meta): pass
import collections, types
d = {Hostile(): Hostile()}
o = collections.OrderedDict({Hostile(): Hostile()})
ran.clear()
held = [o, collections.deque([o])]
views = [d.keys(), d.values(), d.items(), o.keys(), o.items(), types.MappingProxyType(d)]
numbers = range(Number(3)), slice(Number(1))
alias = list[Named]
seen = list(ran)
";
    for python in pythons::installed() {
        let (events, _) = recorded(&python, text);
        let seen = events.iter().find_map(|it| it.locals.get("seen")).unwrap();
        assert_eq!(repr(seen), "[]", "3.{}", python.minor);
        let last = &events.last().unwrap().locals;
        let views = repr(&last["views"]);
        let one = "dict_keys([<Hostile object>]), dict_values([<Hostile object>]), dict_items([(<Hostile object>, <Hostile object>)])";
        assert!(views.contains(one), "3.{}: {views}", python.minor);
        assert!(views.contains("odict_keys([<Hostile object>])"), "{views}");
    }
}
