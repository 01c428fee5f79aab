//! What passes for an e-mail address, as far as the reference says so. The same addresses are taken and refused, but for
//! characters beyond ASCII that IDNA 2008 and Unicode's classes forbid, such as an emoji in a domain. Mail is never sent.

use url::Host;

/// Why `text` is no e-mail address. An address may stand in angle brackets behind a name.
pub fn check(text: &str) -> Result<(), &'static str> {
    if text.chars().count() > 2_048 {
        return Err("Length must not exceed 2048 characters");
    }
    if text.contains(['\r', '\n']) {
        return Err("Carriage return and line feed characters are not allowed");
    }
    let address = bracketed(text).unwrap_or(text).trim();
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Err("An email address must have an @-sign.");
    };
    check_local(local)?;
    check_domain(domain)?;
    if address.len() > 254 {
        return Err("The email address is too long.");
    }
    Ok(())
}

/// What may stand in an address and in a name before it, besides letters and digits.
const SYMBOLS: &str = "!#$%&'*+-/=?^_`{|}~.";

/// The address in `Somebody <somebody@example.com>`, where the name is plain or in quotation marks.
fn bracketed(text: &str) -> Option<&str> {
    let (name, address) = text.trim().strip_suffix('>')?.rsplit_once('<')?;
    let name = name.trim();
    let is_quoted = name.len() > 2 && name.starts_with('"') && name.ends_with('"');
    let plain = |c: char| c.is_alphanumeric() || c.is_whitespace() || SYMBOLS.contains(c);
    (is_quoted || name.chars().all(plain)).then_some(address)
}

fn check_local(local: &str) -> Result<(), &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || SYMBOLS.contains(c);
    if local.is_empty() {
        Err("There must be something before the @-sign.")
    } else if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        Err("An email address cannot have a period at the ends of its parts or two periods in a row.")
    } else if local.chars().all(|c| plain(c) || is_international(c)) {
        Ok(())
    } else {
        Err("The email address contains invalid characters before the @-sign.")
    }
}

/// Whether it is beyond ASCII and can be seen.
fn is_international(c: char) -> bool {
    let is_invisible = c.is_control()
        || c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_ascii() && !is_invisible
}

/// Domains that lead nowhere by definition.
const RESERVED: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

fn check_domain(domain: &str) -> Result<(), &'static str> {
    const INVALID: &str = "The part after the @-sign is not a valid domain name.";
    if domain.is_empty() {
        return Err("There must be something after the @-sign.");
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || is_international(c);
    if !domain.chars().all(fits) || domain.split('.').any(is_misshapen) {
        return Err(INVALID);
    }
    let ascii = to_ascii(domain).ok_or(INVALID)?;
    let label_is_fine = |label: &str| !label.is_empty() && label.len() <= 63;
    let last = ascii.rsplit('.').next().unwrap_or_default();
    if !ascii.split('.').all(label_is_fine) || ascii.len() > 253 {
        Err(INVALID)
    } else if !ascii.contains('.') || !last.ends_with(|c: char| c.is_ascii_alphabetic()) {
        Err("The part after the @-sign is not valid. It should have a period and end in a top-level domain.")
    } else if RESERVED.contains(&last) {
        Err("The part after the @-sign is a special-use or reserved name that cannot be used with email.")
    } else {
        Ok(())
    }
}

/// Whether a label has a hyphen at an end, or begins with two characters and two hyphens: of such only `xn--` means
/// something.
fn is_misshapen(label: &str) -> bool {
    let third = label.char_indices().nth(2).map(|(at, _)| &label[at..]);
    let is_reserved =
        third.is_some_and(|rest| rest.starts_with("--")) && !label.to_lowercase().starts_with("xn");
    label.starts_with('-') || label.ends_with('-') || is_reserved
}

/// A domain as it is asked for, in lower case and with `xn--` in place of what is beyond ASCII.
fn to_ascii(domain: &str) -> Option<String> {
    let domain = domain.to_lowercase();
    if domain.is_ascii() && !domain.contains("xn--") {
        return Some(domain);
    }
    match Host::parse(&domain) {
        Ok(Host::Domain(ascii)) => Some(ascii),
        _ => None,
    }
}
