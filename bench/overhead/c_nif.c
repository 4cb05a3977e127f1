/* What a call and a reschedule cost with nothing between the VM and the function: the floor under every kit. */

#include <erl_nif.h>

static ERL_NIF_TERM plus_one(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  ErlNifSInt64 n;
  (void)argc;
  if (!enif_get_int64(env, argv[0], &n)) return enif_make_badarg(env);
  return enif_make_int64(env, n + 1);
}

static ERL_NIF_TERM reschedule(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  ErlNifSInt64 left;
  ERL_NIF_TERM next[1];
  (void)argc;
  if (!enif_get_int64(env, argv[0], &left)) return enif_make_badarg(env);
  if (left <= 0) return argv[0];
  next[0] = enif_make_int64(env, left - 1);
  return enif_schedule_nif(env, "reschedule", 0, reschedule, 1, next);
}

/* The same, but the time slice is given up each time, as it must be by code that has worked through one. */
static ERL_NIF_TERM reschedule_slice(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  ErlNifSInt64 left;
  ERL_NIF_TERM next[1];
  (void)argc;
  if (!enif_get_int64(env, argv[0], &left)) return enif_make_badarg(env);
  if (left <= 0) return argv[0];
  enif_consume_timeslice(env, 100);
  next[0] = enif_make_int64(env, left - 1);
  return enif_schedule_nif(env, "reschedule_slice", 0, reschedule_slice, 1, next);
}

static ErlNifFunc functions[] = {
    {"plus_one", 1, plus_one, 0},
    {"reschedule", 1, reschedule, 0},
    {"reschedule_slice", 1, reschedule_slice, 0},
};

ERL_NIF_INIT(Elixir.Cantilever.Bench.Overhead.C, functions, NULL, NULL, NULL, NULL)
