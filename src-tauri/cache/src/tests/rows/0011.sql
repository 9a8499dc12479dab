-- A voice message that was heard.
INSERT INTO voice_files (message, session, bucket, path, mime_type, heard_at, content)
VALUES (1, 1, 'voice', 'trip/1.ogg', 'audio/ogg', 1700000006000000, x'4f676753');
