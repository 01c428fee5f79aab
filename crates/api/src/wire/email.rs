//! What passes for an e-mail address, as far as the reference says so: enough that the same addresses are taken
//! and refused. Mail is never sent.

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

/// The address in `Somebody <somebody@example.com>`.
fn bracketed(text: &str) -> Option<&str> {
    let (name, rest) = text.trim().split_once('<')?;
    let address = rest.strip_suffix('>')?;
    (!name.contains(['>', '@']) && !address.contains(['<', '>'])).then_some(address)
}

fn check_local(local: &str) -> Result<(), &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let international = |c: char| !c.is_ascii() && c.is_alphanumeric();
    if local.is_empty() {
        Err("There must be something before the @-sign.")
    } else if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        Err("An email address cannot have a period at the ends of its parts or two periods in a row.")
    } else if local.chars().all(|c| plain(c) || international(c)) {
        Ok(())
    } else {
        Err("The email address contains invalid characters before the @-sign.")
    }
}

/// Domains that lead nowhere by definition.
const RESERVED: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

fn check_domain(domain: &str) -> Result<(), &'static str> {
    let label_is_fine = |label: &str| {
        let characters = label.chars().all(|c| c == '-' || c.is_alphanumeric());
        characters
            && !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = domain.rsplit('.').next().unwrap_or_default().to_lowercase();
    if domain.is_empty() {
        Err("There must be something after the @-sign.")
    } else if !domain.split('.').all(label_is_fine) || domain.len() > 253 {
        Err("The part after the @-sign is not a valid domain name.")
    } else if !domain.contains('.') || last.chars().all(|c| c.is_ascii_digit()) {
        Err("The part after the @-sign is not valid. It should have a period and end in a top-level domain.")
    } else if RESERVED.contains(&last.as_str()) {
        Err("The part after the @-sign is a special-use or reserved name that cannot be used with email.")
    } else {
        Ok(())
    }
}
