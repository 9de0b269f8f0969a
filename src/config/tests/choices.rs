use super::messages::shows;
use super::workload::*;

const KEYS: &str = "{ zipfian = { exponent = 0.99 } }";

#[test]
fn a_wrong_variant_is_told_with_the_nearest_name() {
    shows(
        &with(KEYS, "\"unifrm\""),
        &["traffic.load={ opne = { rate = 5 } }"],
        r#"
error: unknown name `unifrm` for `traffic.keys`
 --> w.toml:8:8
  |
8 | keys = "unifrm"
  |        ^^^^^^^^ expected `uniform`, `zipfian` or `latest`
  |
  = help: did you mean `uniform`?

error: unknown name `opne` for `traffic.load`
 --> --set:1:16
  |
1 | traffic.load={ opne = { rate = 5 } }
  |                ^^^^ expected `open` or `closed`
  |
  = help: did you mean `open`?"#,
    );
}

#[test]
fn of_two_variants_one_has_to_go() {
    shows(
        &with(KEYS, "{ zipfian = {}, uniform = {} }"),
        &["data.value.fixed=256B"],
        r#"
error: `traffic.keys` takes exactly one of `zipfian`, `uniform`
 --> w.toml:8:24
  |
8 | keys = { zipfian = {}, uniform = {} }
  |          -------       ^^^^^^^ remove this one
  |          |
  |          or this one

error: `data.value` takes exactly one of `lognormal`, `fixed`
 --> --set:1:12
  |
1 | data.value.fixed=256B
  |            ^^^^^ this comes on top
  |
 ::: w.toml:5:11
  |
5 | value = { lognormal = { median = "512B", sigma = 0.6 } }
  |           --------- of this one
  |
  = help: replace the whole value: `data.value={ fixed = "256B" }`"#,
    );
}

#[test]
fn what_a_variant_takes_is_told_of_each() {
    for (assignment, told) in [
        (
            "traffic.keys={}",
            "wrong value for `traffic.keys`: expected `uniform`, `zipfian` or `latest`, found an empty table",
        ),
        (
            "traffic.keys=7",
            "wrong value for `traffic.keys`: expected `uniform`, `zipfian` or `latest`, found the number 7",
        ),
        ("traffic.load=open", "`open` needs a value (write it as `{ open = { rate = … } }`)"),
        ("data.value=fixed", "`fixed` needs a value (write it as `{ fixed = … }`)"),
        ("cache.driver={ redis = {} }", "`redis` takes no options (write `cache.driver = \"redis\"`)"),
        (
            "cache.driver=frd",
            "unknown name `frd` for `cache.driver`: expected `redis` or `fred` (did you mean `fred`?)",
        ),
        (
            "traffic.keys.exponent=1",
            "expected nothing beside `zipfian` (it belongs inside: `{ zipfian = { exponent = … } }`)",
        ),
        (
            "traffic.keys.zipfian.exp=1",
            "unknown setting `traffic.keys.zipfian.exp`: expected `exponent` (did you mean `exponent`?)",
        ),
        (
            "data.value={ fixed = 'big' }",
            "wrong value for `data.value.fixed`: `big` is no size; write it as 512, \"4KB\" or \"64MiB\"",
        ),
        (
            "data.value={ lognormal = { median = 5 } }",
            "missing setting `data.value.lognormal.sigma`: `sigma` belongs here: a number",
        ),
    ] {
        let shown = problems(GOOD, &[assignment]).to_string();
        assert!(shown.ends_with(told), "{shown}");
    }
}

#[test]
fn a_flattened_choice_is_one_of_its_names() {
    for (replacement, told) in [
        ("", "w.toml:17:1: `fault.0` is incomplete: expected `kill` or `pause`"),
        (
            "kil = { node = 0 }",
            "w.toml:19:1: unknown setting `fault.0.kil`: expected `at`, `kill` or `pause` (did you mean `kill`?)",
        ),
        (
            "kill = { nod = 0 }",
            "w.toml:19:10: unknown setting `fault.0.kill.nod`: expected `node` (did you mean `node`?)",
        ),
        (
            "kill = { node = 0 }\npause = { node = 0, length = '1s' }",
            "w.toml:20:1: `fault.0` takes exactly one of `kill`, `pause`: remove this one",
        ),
    ] {
        assert_eq!(problems(&with("kill = { node = 0 }", replacement), &[]).to_string(), told);
    }
}
