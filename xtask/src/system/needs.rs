//! Each need with the way to see it, and its packages by system.

use std::fmt;
use std::path::Path;
use std::process::Command;

use super::Manager;
use crate::command;

/// What a need is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Compiling and running the app.
    Build,
    /// The real window without a screen: tests, tour, bench.
    Session,
    /// PostgreSQL for the tests against an independent server.
    Services,
    /// The page in a browser.
    Browser,
}

impl Purpose {
    /// What everything needs together.
    pub const ALL: [Self; 4] = [Self::Build, Self::Session, Self::Services, Self::Browser];
}

/// How to see whether something is there, whatever the system calls its package.
pub enum Probe {
    Command(&'static str),
    /// A program of one of these names, or what an environment variable names.
    AnyCommand {
        names: &'static [&'static str],
        variable: &'static str,
    },
    PkgConfig(&'static str),
    AnyPath(&'static [&'static str]),
    Font,
    PostgreSql,
}

/// One thing that the machine must have.
pub struct Need {
    pub what: &'static str,
    pub why: &'static str,
    pub purpose: Purpose,
    pub probe: Probe,
    apt: &'static str,
    dnf: &'static str,
    pacman: &'static str,
    zypper: &'static str,
    apk: &'static str,
}

impl Need {
    /// The packages that give it, separated by spaces; a path where dnf finds the package itself.
    pub fn packages(&self, manager: Manager) -> &'static str {
        match manager {
            Manager::Apt => self.apt,
            Manager::Dnf => self.dnf,
            Manager::Pacman => self.pacman,
            Manager::Zypper => self.zypper,
            Manager::Apk => self.apk,
        }
    }
}

impl Probe {
    pub fn holds(&self) -> bool {
        match self {
            Self::Command(name) => command::on_path(name).is_some(),
            Self::AnyCommand { names, variable } => {
                std::env::var_os(variable).is_some_and(|program| Path::new(&program).exists())
                    || names.iter().any(|name| command::on_path(name).is_some())
            }
            Self::PkgConfig(module) => {
                let mut query = Command::new("pkg-config");
                command::capture(query.args(["--exists", module])).is_ok()
            }
            Self::AnyPath(paths) => paths.iter().any(|path| Path::new(path).exists()),
            Self::Font => command::capture(&mut Command::new("fc-list"))
                .is_ok_and(|fonts| !fonts.trim().is_empty()),
            Self::PostgreSql => command::on_path("initdb").is_some() || debian_initdb(),
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(name) => write!(formatter, "the program {name}"),
            Self::AnyCommand { names, .. } => {
                write!(formatter, "the program {}", names.join(" or "))
            }
            Self::PkgConfig(module) => write!(formatter, "the library {module} for pkg-config"),
            Self::AnyPath(paths) => write!(formatter, "the file {}", paths.join(" or ")),
            Self::Font => write!(formatter, "fontconfig and any font"),
            Self::PostgreSql => write!(formatter, "PostgreSQL's server programs"),
        }
    }
}

/// Debian keeps the server's programs off the path, one folder a version.
fn debian_initdb() -> bool {
    std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .any(|version| version.path().join("bin/initdb").exists())
}

pub const NEEDS: &[Need] = &[
    Need {
        what: "C compiler",
        why: "SQLite and cryptography are compiled from source",
        purpose: Purpose::Build,
        probe: Probe::Command("cc"),
        apt: "build-essential",
        dnf: "gcc gcc-c++ make",
        pacman: "base-devel",
        zypper: "gcc gcc-c++ make",
        apk: "build-base",
    },
    Need {
        what: "pkg-config",
        why: "finds the libraries below",
        purpose: Purpose::Build,
        probe: Probe::Command("pkg-config"),
        apt: "pkg-config",
        dnf: "pkgconf-pkg-config",
        pacman: "pkgconf",
        zypper: "pkg-config",
        apk: "pkgconf",
    },
    Need {
        what: "WebKitGTK 4.1",
        why: "the window",
        purpose: Purpose::Build,
        probe: Probe::PkgConfig("webkit2gtk-4.1"),
        apt: "libwebkit2gtk-4.1-dev",
        dnf: "webkit2gtk4.1-devel",
        pacman: "webkit2gtk-4.1",
        zypper: "webkit2gtk3-devel",
        apk: "webkit2gtk-4.1-dev",
    },
    Need {
        what: "D-Bus library",
        why: "notifications and the tray",
        purpose: Purpose::Build,
        probe: Probe::PkgConfig("dbus-1"),
        apt: "libdbus-1-dev",
        dnf: "dbus-devel",
        pacman: "dbus",
        zypper: "dbus-1-devel",
        apk: "dbus-dev",
    },
    Need {
        what: "tray library",
        why: "the tray icon",
        purpose: Purpose::Build,
        probe: Probe::PkgConfig("ayatana-appindicator3-0.1"),
        apt: "libayatana-appindicator3-dev",
        dnf: "libayatana-appindicator-gtk3-devel",
        pacman: "libayatana-appindicator",
        zypper: "libayatana-appindicator3-devel",
        apk: "libayatana-appindicator-dev",
    },
    Need {
        what: "OpenSSL's libcrypto",
        why: "the cache is encrypted",
        purpose: Purpose::Build,
        probe: Probe::PkgConfig("libcrypto"),
        apt: "libssl-dev",
        dnf: "openssl-devel",
        pacman: "openssl",
        zypper: "libopenssl-devel",
        apk: "openssl-dev",
    },
    Need {
        what: "Xvfb",
        why: "a screen in memory for the real window",
        purpose: Purpose::Session,
        probe: Probe::Command("xvfb-run"),
        apt: "xvfb xauth",
        dnf: "/usr/bin/xvfb-run /usr/bin/xauth",
        pacman: "xorg-server-xvfb xorg-xauth",
        zypper: "xvfb-run xauth",
        apk: "xvfb-run xauth",
    },
    Need {
        what: "xauth",
        why: "Xvfb asks for it",
        purpose: Purpose::Session,
        probe: Probe::Command("xauth"),
        apt: "xauth",
        dnf: "/usr/bin/xauth",
        pacman: "xorg-xauth",
        zypper: "xauth",
        apk: "xauth",
    },
    Need {
        what: "WebKitWebDriver",
        why: "drives the real window",
        purpose: Purpose::Session,
        probe: Probe::Command("WebKitWebDriver"),
        apt: "webkit2gtk-driver",
        dnf: "/usr/bin/WebKitWebDriver",
        pacman: "webkitgtk-6.0",
        zypper: "",
        apk: "",
    },
    Need {
        what: "dbus-run-session",
        why: "a message bus of the tests' own",
        purpose: Purpose::Session,
        probe: Probe::Command("dbus-run-session"),
        apt: "dbus",
        dnf: "dbus-daemon",
        pacman: "dbus",
        zypper: "dbus-1-daemon",
        apk: "dbus",
    },
    Need {
        what: "gnome-keyring",
        why: "a real Secret Service for the tests",
        purpose: Purpose::Session,
        probe: Probe::Command("gnome-keyring-daemon"),
        apt: "gnome-keyring",
        dnf: "gnome-keyring",
        pacman: "gnome-keyring",
        zypper: "gnome-keyring",
        apk: "gnome-keyring",
    },
    Need {
        what: "accessibility bus",
        why: "the webview reports to it, as on a desktop",
        purpose: Purpose::Session,
        probe: Probe::AnyPath(&[
            "/usr/libexec/at-spi-bus-launcher",
            "/usr/lib/at-spi-bus-launcher",
            "/usr/lib/at-spi2-core/at-spi-bus-launcher",
        ]),
        apt: "at-spi2-core",
        dnf: "at-spi2-core",
        pacman: "at-spi2-core",
        zypper: "at-spi2-core",
        apk: "at-spi2-core",
    },
    Need {
        what: "GStreamer's plug-ins",
        why: "the webview plays sound with them",
        purpose: Purpose::Session,
        probe: Probe::AnyPath(&[
            "/usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgstwavparse.so",
            "/usr/lib/aarch64-linux-gnu/gstreamer-1.0/libgstwavparse.so",
            "/usr/lib64/gstreamer-1.0/libgstwavparse.so",
            "/usr/lib/gstreamer-1.0/libgstwavparse.so",
        ]),
        apt: "gstreamer1.0-plugins-good",
        dnf: "gstreamer1-plugins-good",
        pacman: "gst-plugins-good",
        zypper: "gstreamer-plugins-good",
        apk: "gst-plugins-good",
    },
    Need {
        what: "ImageMagick",
        why: "pictures of the whole screen",
        purpose: Purpose::Session,
        probe: Probe::Command("import"),
        apt: "imagemagick",
        dnf: "ImageMagick",
        pacman: "imagemagick",
        zypper: "ImageMagick",
        apk: "imagemagick",
    },
    Need {
        what: "iproute2",
        why: "a network of its own that changes",
        purpose: Purpose::Session,
        probe: Probe::Command("ip"),
        apt: "iproute2",
        dnf: "iproute",
        pacman: "iproute2",
        zypper: "iproute2",
        apk: "iproute2",
    },
    Need {
        what: "a font",
        why: "text in the window",
        purpose: Purpose::Session,
        probe: Probe::Font,
        apt: "fontconfig fonts-dejavu-core",
        dnf: "fontconfig dejavu-sans-fonts",
        pacman: "fontconfig ttf-dejavu",
        zypper: "fontconfig dejavu-fonts",
        apk: "fontconfig ttf-dejavu",
    },
    Need {
        what: "PostgreSQL",
        why: "the independent server of the tests runs on it",
        purpose: Purpose::Services,
        probe: Probe::PostgreSql,
        apt: "postgresql",
        dnf: "postgresql-server",
        pacman: "postgresql",
        zypper: "postgresql-server",
        apk: "postgresql",
    },
    Need {
        what: "Chromium",
        why: "the page is tested in it as well",
        purpose: Purpose::Browser,
        // What tests/browser looks for.
        probe: Probe::AnyCommand {
            names: &[
                "chromium",
                "chromium-browser",
                "google-chrome",
                "google-chrome-stable",
            ],
            variable: "TIDINGS_CHROMIUM",
        },
        apt: "chromium",
        dnf: "chromium",
        pacman: "chromium",
        zypper: "chromium",
        apk: "chromium",
    },
];
