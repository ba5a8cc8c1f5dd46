/** Files here lie in memory. ffmpeg must be able to seek in a clip, which it cannot in a pipe. */
export const MEMORY = '/dev/shm';
