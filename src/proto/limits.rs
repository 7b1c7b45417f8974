//! Every limit of the protocol, with its unit and its reason.

/// The longest text of a message, in bytes of UTF-8. Long enough for a pasted log or letter, short enough that one
/// message never holds up the people behind it. Announced to clients at login.
pub const MESSAGE_MAX_BYTES: usize = 16 * 1024;

/// The longest JSON of a frame, in bytes, in either direction. JSON can blow a text up sixfold (`\u0000`), so the
/// longest message needs 96 KiB and a little; a page of history is cut to fit.
pub const FRAME_MAX_BYTES: usize = 256 * 1024;

/// The longest JSON of a frame before its sender has logged in, in bytes: a login needs less than 1 KiB.
pub const FRAME_BEFORE_LOGIN_MAX_BYTES: usize = 4 * 1024;

/// The most messages in one page of history.
pub const PAGE_MAX_MESSAGES: usize = 200;

/// The messages in a page of history when the request names no number.
pub const PAGE_DEFAULT_MESSAGES: usize = 50;

/// The pages of history and lists of people that a session may have asked for and not taken.
pub const LARGE_ANSWERS_MAX: usize = 8;

/// The bytes of records at which a page ends early. The rest of [`FRAME_MAX_BYTES`] holds one record of any size; of two that
/// are read in any case, a message and its newest text, one text is shown.
pub const PAGE_MAX_BYTES: usize = 128 * 1024;

/// The longest preview of a chat's last message in the list of chats, in bytes of UTF-8.
pub const PREVIEW_MAX_BYTES: usize = 200;

/// The most entries of one `people` or `chats` event; more come in further events. With every character of every
/// preview escaped they still fit a frame.
pub const LIST_CHUNK_MAX: usize = 150;

/// The longest account name, in characters.
pub const NAME_MAX_CHARS: usize = 32;

/// The shortest password that the owner of a server for others can choose, in characters: NIST SP 800-63B's least for
/// one that people choose themselves.
pub const PASSWORD_NEW_MIN_CHARS: usize = 8;

/// The longest password, in bytes: hashing reads all of it, so it has an end.
pub const PASSWORD_MAX_BYTES: usize = 1024;

/// The longest name of a device, in bytes.
pub const DEVICE_MAX_BYTES: usize = 32;

/// The most records that a returning client is sent one by one. One that missed more starts from the list of chats
/// and loads pages as they are looked at.
pub const RESUME_MAX_RECORDS: usize = 2_000;

/// The longest name of a group, in characters.
pub const GROUP_NAME_MAX_CHARS: usize = 64;

/// The most people that one request can name: as members of a group, or as receivers of a message. The record of a
/// message to all of them still fits a frame.
pub const PEOPLE_PER_REQUEST_MAX: usize = 1_000;

/// The most members of a group: the list of them fits a frame. For more there is the room of everyone.
pub const GROUP_MEMBERS_MAX: usize = 5_000;

/// The most people that a message can mention; further names in it are only names.
pub const MENTIONS_MAX: usize = 50;

/// The most names in each list of who has received and who has read a message.
pub const RECEIPTS_MAX: usize = 200;

/// The most entries of one `cursors` event.
pub const CURSORS_CHUNK_MAX: usize = 1_000;

/// The most accounts of one `list_accounts`: with the longest names and all connections that are shown they fit a frame.
pub const ACCOUNTS_CHUNK_MAX: usize = 150;

/// The most connections of an account that `list_accounts` shows.
pub const CONNECTIONS_SHOWN_MAX: usize = 8;

/// The most accounts that a server makes when it is asked to over the wire: `users.json` is read and written as a whole.
pub const ACCOUNTS_MAX: usize = 50_000;

/// The most invites that there are at once. All of them fit one reply.
pub const INVITES_MAX: usize = 200;

/// The most accounts that one invite is good for: a school, not the world. For that there is open registration.
pub const INVITE_USES_MAX: u32 = 1_000;

/// The longest time that an invite is good for, in milliseconds: a year. What is forgotten must end.
pub const INVITE_MAX_MILLIS: u64 = 365 * 24 * 3_600_000;

/// The longest label of an invite, in characters.
pub const INVITE_LABEL_MAX_CHARS: usize = 64;

/// The longest name of a server, in characters.
pub const SERVER_NAME_MAX_CHARS: usize = 64;

/// The former names that are kept for an account, newest first: nobody else is given one. Beyond them the oldest is free.
pub const FORMER_NAMES_MAX: usize = 10;

/// The longest name of a device that stays signed in, in characters; what is longer is cut.
pub const DEVICE_LABEL_MAX_CHARS: usize = 64;

/// The most devices of an account that stay signed in: more than anybody has. Beyond them the one that was not used for
/// the longest time is signed out. All of them fit one reply.
pub const DEVICES_MAX: usize = 50;

/// How long a device stays signed in that is not used, in milliseconds: 30 days.
pub const DEVICE_UNUSED_MAX_MILLIS: i64 = 30 * 24 * 3_600_000;

/// The refused codes and passwords after which a connection ends.
pub const FAILURES_MAX: u32 = 3;

/// The longest file that a message can carry, in bytes: 2 GiB. The disk that it goes to is the host's; a limit there is
/// so that nobody fills it with one.
pub const FILE_MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// The most bytes of a file in one frame. In Base64 they are 128 KiB, half a frame: a message never waits long behind one.
pub const FILE_CHUNK_MAX_BYTES: usize = 96 * 1024;

/// The most pieces of one file that a server takes before the first of them is written: as many as cover the way there and
/// back, also for a window that sees answers sixty times a second. A message waits behind half a megabyte of it at most.
pub const UPLOAD_PIECES_MAX: usize = 4;

/// The files that an account may have on the server at once that no message carries: some dozen pictures that were chosen
/// together, and those of another device beside them.
pub const UPLOADS_MAX: usize = 32;

/// How long those files may be together, in bytes: two of the longest. What nobody has sent is nobody's to keep.
pub const UPLOADS_MAX_BYTES: u64 = 2 * FILE_MAX_BYTES;

/// How long nothing may have come of a file that gives way to a new one of the same account, in milliseconds: an hour. Who
/// has forgotten what it had begun need not wait for the day to end.
pub const UPLOAD_GIVES_WAY_MILLIS: i64 = 3_600_000;

/// How long a file is kept that no message carries, since a piece of it last came, in milliseconds: a day, so that a
/// notebook that was closed in the evening goes on in the morning.
pub const UPLOAD_KEPT_MILLIS: i64 = 24 * 3_600_000;

/// The longest name of a file, in bytes: what file systems take.
pub const FILE_NAME_MAX_BYTES: usize = 255;

/// The longest side of a picture that is shown in a chat, in pixels. A larger one is a file like any other.
pub const IMAGE_MAX_SIDE: u32 = 16_384;
