//! The screens as files: built by `make web`, compressed then, and embedded here. A server that was compiled without them has
//! none, and says so.

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The values and components of the design, for pages that work without the screens.
pub const DESIGN_STYLE: &str =
    concat!(include_str!("../../web/src/design/tokens.css"), include_str!("../../web/src/design/components.css"));

/// The page that loads all others.
const INDEX: &str = "index.html";

/// One file of the screens, in the three forms that a browser may ask for.
#[derive(Debug)]
pub struct Asset {
    name: &'static str,
    /// For `Content-Type`.
    pub media_type: &'static str,
    /// The first half of its SHA-256, in hex.
    pub tag: &'static str,
    /// As it is.
    pub plain: &'static [u8],
    /// Compressed by gzip.
    pub gzip: &'static [u8],
    /// Compressed by Brotli.
    pub brotli: &'static [u8],
}

impl Asset {
    /// A file that no build has, for tests of servers.
    #[doc(hidden)]
    pub const fn for_tests() -> Asset {
        Asset {
            name: "test.js",
            media_type: "text/javascript",
            tag: "0",
            plain: b"plain",
            gzip: b"gzip",
            brotli: b"br",
        }
    }
}

/// The page that loads all others; `None` if the screens were not built.
pub fn index() -> Option<&'static Asset> {
    asset(INDEX)
}

/// A file by its name without folders. The names of all but the page contain a digest of the content.
pub fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_has_the_page_and_what_it_loads_or_nothing_at_all() {
        let Some(index) = index() else {
            assert!(ASSETS.is_empty());
            return;
        };
        let html = std::str::from_utf8(index.plain).unwrap();
        let loaded: Vec<&str> = html.split("/assets/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(!loaded.is_empty());
        for name in loaded {
            assert!(asset(name).is_some(), "{name}");
        }
        for asset in ASSETS {
            assert!(asset.gzip.starts_with(&[0x1f, 0x8b]), "{}", asset.name);
            assert!(!asset.tag.is_empty() && !asset.brotli.is_empty(), "{}", asset.name);
        }
    }
}
