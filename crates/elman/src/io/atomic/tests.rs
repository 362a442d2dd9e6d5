use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_file_is_complete_and_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    write_atomically(&path, |file| file.write_all(b"first")).unwrap();
    write_atomically(&path, |file| file.write_all(b"second")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"second");
    assert_eq!(names(folder.path()), ["a.txt"]);
}

#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    fs::write(&path, "old").unwrap();
    let error = write_atomically(&path, |file| {
        file.write_all(&[0; 100_000])?;
        Err(io::Error::other("enough"))
    })
    .unwrap_err();
    assert_eq!(error.to_string(), format!("{}: cannot write: enough", path.display()));
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["a.txt"]);
}

#[test]
fn checking_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    check_writable(&folder.path().join("a.txt")).unwrap();
    assert!(names(folder.path()).is_empty());
}

#[test]
fn folders_and_missing_folders_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no").join("a.txt");
    for (path, wanted) in [
        (folder.path(), "expected a file to write, got a folder"),
        (missing.as_path(), "cannot create: No such file or directory"),
        (Path::new("/"), "expected a file to write, got a folder"),
    ] {
        for result in [check_writable(path), write_atomically(path, |_| Ok(()))] {
            let message = result.unwrap_err().to_string();
            assert!(message.starts_with(&path.display().to_string()), "{message}");
            assert!(message.contains(wanted), "{message}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_reported_by_name() {
    let path = Path::new("/dev/full");
    let error = write_atomically(path, |file| file.write_all(b"x")).unwrap_err();
    assert!(error.to_string().starts_with("/dev/full: cannot write: No space left"), "{error}");
    assert!(path.exists());
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_permissions_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&file, &link).unwrap();
    write_atomically(&link, |file| file.write_all(b"new")).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
}
