//! Reads which file of a crate imports which, from its `use` lines and written-out paths.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A file by its place in the crate; the crate's root is empty.
pub(crate) type Module = Vec<String>;

/// A file that is reached again by following imports from it, if there is one.
pub(crate) fn circle(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Option<String> {
    let is_in_circle = |start: &&Module| {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&Module> = imports[*start].iter().collect();
        while let Some(next) = open.pop() {
            if next == *start {
                return true;
            }
            if seen.insert(next) {
                open.extend(imports.get(next).into_iter().flatten());
            }
        }
        false
    };
    imports.keys().find(is_in_circle).map(|start| start.join("/"))
}

/// Which files each file below `root` imports.
pub(crate) fn imports_of(root: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut files = BTreeMap::new();
    collect(root, root, &mut files);
    let resolve = |from: &Module, path: &str| -> Option<Module> {
        let mut words: Vec<&str> = path.split("::").collect();
        let mut at = match words.remove(0) {
            "crate" => Vec::new(),
            "self" => from.clone(),
            "super" => from[..from.len().checked_sub(1)?].to_vec(),
            _ => return None,
        };
        for word in words {
            if word == "super" {
                at.pop()?;
            } else {
                at.push(word.to_owned());
                if !files.contains_key(&at) {
                    at.pop();
                    break;
                }
            }
        }
        Some(at)
    };
    let of = |module: &Module, text: &String| -> BTreeSet<Module> {
        let found = paths(text).into_iter().filter_map(|path| resolve(module, &path));
        // A parent holds the names of its children, and lends them its own: that is not an import.
        found.filter(|to| !module.starts_with(to) && !to.starts_with(module)).collect()
    };
    files.iter().map(|(module, text)| (module.clone(), of(module, text))).collect()
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<Module, String>) {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in entries.collect::<BTreeSet<PathBuf>>() {
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.file_stem().unwrap() != "tests"
            && !path.components().any(|one| one.as_os_str() == "tests")
        {
            let name = path.strip_prefix(root).unwrap().with_extension("");
            let module: Module =
                name.components().map(|one| one.as_os_str().to_str().unwrap().to_owned()).collect();
            let module = if module == ["lib"] || module == ["main"] { Vec::new() } else { module };
            files.insert(module, shipped(&fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The code without comments and without the tests at its end.
fn shipped(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
    code.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Every path that begins at `crate`, `self` or `super`, with the trees of `use` spread out.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "self::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before
                .is_none_or(|letter| !letter.is_alphanumeric() && letter != '_' && letter != ':')
            {
                spread(&code[at..], String::new(), &mut found);
            }
        }
    }
    found
}

/// Spreads the tree that the text begins with; answers how many bytes it took.
fn spread(text: &str, before: String, found: &mut Vec<String>) -> usize {
    let mut path = before;
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        if letter.is_alphanumeric() || letter == '_' {
            path.push(letter);
            at += letter.len_utf8();
        } else if text[at..].starts_with("::") {
            path.push_str("::");
            at += 2;
        } else if letter == '{' && path.ends_with("::") {
            at += 1;
            loop {
                at += text[at..].find(|one: char| !one.is_whitespace() && one != ',').unwrap_or(0);
                if text[at..].starts_with('}') {
                    return at + 1;
                }
                at += spread(&text[at..], path.clone(), found).max(1);
            }
        } else {
            break;
        }
    }
    found.push(path);
    // `as Name` is of no concern.
    at + text[at..]
        .strip_prefix(" as ")
        .map_or(0, |rest| 4 + rest.find([',', '}', ';', '\n']).unwrap_or(0))
}

#[test]
fn the_reader_of_imports_finds_them() {
    let text = "use super::{a::X, b::{self, Y}};\nuse crate::c::Z as W;\n// use crate::no::No;\n\
                fn f() { crate::d::g(); }\n#[cfg(test)]\nmod tests {\n    use crate::e::E;\n}\n";
    let found: Vec<String> = paths(&shipped(text));
    for path in ["super::a::X", "super::b::self", "super::b::Y", "crate::c::Z", "crate::d::g"] {
        assert!(found.iter().any(|one| one == path), "{path} in {found:?}");
    }
    assert!(!found.iter().any(|one| one.contains("No") || one.contains('E')), "{found:?}");
}
