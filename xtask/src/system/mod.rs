//! What the machine must have, and how each system installs it.

mod needs;

use std::io::{BufRead, IsTerminal, Write};
use std::process::Command;

use anyhow::{Result, bail};

pub use needs::Purpose;
use needs::{NEEDS, Need};

use crate::command;

/// A way to install packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    Apt,
    Dnf,
    Pacman,
    Zypper,
    Apk,
}

/// The system, as far as installing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Linux(Manager),
    OtherLinux,
    MacOs,
    Windows,
}

/// Installs what is missing for these purposes, or says the exact command to type.
pub fn ensure(purposes: &[Purpose], yes: bool) -> Result<()> {
    let missing = missing(purposes);
    if missing.is_empty() {
        println!("System packages: everything needed is there.");
        return Ok(());
    }
    println!("Missing on this system:");
    for need in &missing {
        println!("  {}: {}", need.what, need.why);
    }
    let system = current();
    let System::Linux(manager) = system else {
        bail!("{}", other_system(system, &missing));
    };
    let commands = install_commands(manager, &missing);
    let root = is_root();
    let typed = typed(&commands, root);
    if !manager.is_automatic() {
        bail!("type this, then start again:\n  {typed}");
    }
    if !root && !yes && !agreed(&typed)? {
        bail!("nothing was installed; type this, then start again:\n  {typed}");
    }
    for words in &commands {
        let words = &words[usize::from(root)..];
        let mut install = Command::new(&words[0]);
        install
            .args(&words[1..])
            .env("DEBIAN_FRONTEND", "noninteractive");
        if let Err(error) = command::run(&mut install) {
            bail!(
                "{error:#}\n(Tidings needs WebKitGTK 4.1: Debian 12, Ubuntu 22.04, Fedora 39, Arch, or newer)"
            );
        }
    }
    let still = self::missing(purposes);
    if !still.is_empty() {
        let names: Vec<&str> = still.iter().map(|need| need.what).collect();
        bail!("installed, and still not found: {}", names.join(", "));
    }
    Ok(())
}

/// Why these purposes cannot be served on this machine, or nothing when they can.
pub fn lacking(purposes: &[Purpose]) -> Option<String> {
    let names: Vec<&str> = missing(purposes).iter().map(|need| need.what).collect();
    (!names.is_empty()).then(|| format!("not installed: {}", names.join(", ")))
}

impl Manager {
    /// The systems that the set-up is made for; elsewhere a person types the command.
    fn is_automatic(self) -> bool {
        matches!(self, Self::Apt | Self::Dnf | Self::Pacman)
    }
}

fn missing(purposes: &[Purpose]) -> Vec<&'static Need> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    NEEDS
        .iter()
        .filter(|need| purposes.contains(&need.purpose) && !need.probe.holds())
        .collect()
}

fn current() -> System {
    if cfg!(target_os = "macos") {
        System::MacOs
    } else if cfg!(windows) {
        System::Windows
    } else {
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        manager_of(&release).map_or(System::OtherLinux, System::Linux)
    }
}

/// The package manager by `/etc/os-release`: the system itself, else the ones it is like.
fn manager_of(release: &str) -> Option<Manager> {
    let field = |name: &str| {
        let line = release
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_default()
            .trim_matches(['"', '\''])
            .to_owned()
    };
    let ids = format!("{} {}", field("ID"), field("ID_LIKE"));
    ids.split_whitespace().find_map(|id| match id {
        "debian" | "ubuntu" => Some(Manager::Apt),
        "fedora" | "rhel" => Some(Manager::Dnf),
        "arch" | "archlinux" => Some(Manager::Pacman),
        "suse" | "opensuse" | "opensuse-tumbleweed" | "opensuse-leap" => Some(Manager::Zypper),
        "alpine" => Some(Manager::Apk),
        _ => None,
    })
}

/// The commands that install these needs, each starting with `sudo`.
fn install_commands(manager: Manager, needs: &[&Need]) -> Vec<Vec<String>> {
    let mut packages: Vec<&str> = Vec::new();
    for package in needs
        .iter()
        .flat_map(|need| need.packages(manager).split_whitespace())
    {
        if !packages.contains(&package) {
            packages.push(package);
        }
    }
    let lines: &[&str] = match manager {
        Manager::Apt => &[
            "apt-get update -o DPkg::Lock::Timeout=400",
            "apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=400",
        ],
        Manager::Dnf => &["dnf install -y"],
        // A partial upgrade is not supported there, so the system comes along.
        Manager::Pacman => &["pacman -Syu --needed --noconfirm"],
        Manager::Zypper => &["zypper install"],
        Manager::Apk => &["apk add"],
    };
    let mut commands: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            std::iter::once("sudo")
                .chain(line.split_whitespace())
                .map(str::to_owned)
                .collect()
        })
        .collect();
    if let Some(last) = commands.last_mut() {
        last.extend(packages.into_iter().map(str::to_owned));
    }
    commands
}

/// The commands as one line to type; root needs no sudo, and a small machine has none.
fn typed(commands: &[Vec<String>], root: bool) -> String {
    commands
        .iter()
        .map(|words| words[usize::from(root)..].join(" "))
        .collect::<Vec<_>>()
        .join(" && ")
}

fn other_system(system: System, missing: &[&Need]) -> String {
    match system {
        System::MacOs => "type this, then start again:\n  xcode-select --install".to_owned(),
        System::Windows => "type this, then start again:\n  \
             winget install Microsoft.VisualStudio.2022.BuildTools Microsoft.EdgeWebView2Runtime"
            .to_owned(),
        System::OtherLinux | System::Linux(_) => {
            let hints: Vec<String> = missing
                .iter()
                .map(|need| {
                    format!(
                        "  {} ({} on Debian)",
                        need.probe,
                        need.packages(Manager::Apt)
                    )
                })
                .collect();
            format!(
                "install what gives these, then start again:\n{}",
                hints.join("\n")
            )
        }
    }
}

fn is_root() -> bool {
    command::capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn agreed(typed: &str) -> Result<bool> {
    println!("This installs it:\n  {typed}");
    if !std::io::stdin().is_terminal() {
        println!("(no terminal to ask on; --yes goes ahead)");
        return Ok(false);
    }
    print!("Run it now? [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_manager_follows_the_system_then_what_it_is_like() {
        let of = |text: &str| manager_of(text);
        assert_eq!(of("NAME=\"Debian\"\nID=debian\n"), Some(Manager::Apt));
        assert_eq!(
            of("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"),
            Some(Manager::Apt)
        );
        assert_eq!(
            of("ID=fedora\nVARIANT_ID=workstation\n"),
            Some(Manager::Dnf)
        );
        assert_eq!(
            of("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"),
            Some(Manager::Dnf)
        );
        assert_eq!(
            of("ID=endeavouros\nID_LIKE='arch'\n"),
            Some(Manager::Pacman)
        );
        assert_eq!(of("ID=\"opensuse-tumbleweed\"\n"), Some(Manager::Zypper));
        assert_eq!(of("ID=alpine\n"), Some(Manager::Apk));
        assert_eq!(of("ID=nixos\n"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn one_command_installs_all_missing_packages_once() {
        let needs: Vec<&Need> = NEEDS.iter().chain(NEEDS).collect();
        let commands = install_commands(Manager::Apt, &needs);
        let line = typed(&commands, false);
        assert!(line.starts_with("sudo apt-get update"));
        assert_eq!(line.matches("libwebkit2gtk-4.1-dev").count(), 1);
        assert!(!typed(&commands, true).contains("sudo"));
    }

    #[test]
    fn every_need_has_a_package_where_the_setup_is_automatic() {
        for manager in [Manager::Apt, Manager::Dnf, Manager::Pacman] {
            for need in NEEDS {
                assert!(
                    !need.packages(manager).is_empty(),
                    "{}: {manager:?}",
                    need.what
                );
            }
        }
    }
}
