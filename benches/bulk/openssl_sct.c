/* Validates embedded SCTs with OpenSSL: the second opinion, and the second line of benches/bulk/run.
 *
 * openssl_sct LOGS.cnf [-quiet] < lines of "CERTIFICATE.der ISSUER.pem-or-der"
 * Prints one line an SCT: the file, the log id in hexadecimal, and OpenSSL's word for it. With -quiet it only counts.
 * Works on every core. Needs libssl's headers:  cc -O2 openssl_sct.c -o openssl_sct -lssl -lcrypto -lpthread
 */
#include <openssl/ct.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINE 8192
#define MAX_ISSUERS 4096

struct job { char *certificate; X509 *issuer; };
struct issuer { char *path; X509 *certificate; };

static struct job *jobs;
static size_t job_count;
static size_t next_job;
static int quiet;
static CTLOG_STORE *logs;
static unsigned long counts[8];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static X509 *read_certificate(const char *path) {
  BIO *in = BIO_new_file(path, "rb");
  if (in == NULL) return NULL;
  X509 *certificate = d2i_X509_bio(in, NULL);
  if (certificate == NULL) {
    (void)BIO_reset(in);
    certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
  }
  BIO_free(in);
  return certificate;
}

static X509 *issuer_of(const char *path) {
  static struct issuer known[MAX_ISSUERS];
  static size_t count;
  for (size_t i = 0; i < count; i++)
    if (strcmp(known[i].path, path) == 0) return known[i].certificate;
  if (count == MAX_ISSUERS) { fprintf(stderr, "too many issuers\n"); exit(2); }
  X509 *certificate = read_certificate(path);
  if (certificate == NULL) { fprintf(stderr, "cannot read %s\n", path); exit(2); }
  known[count].path = strdup(path);
  known[count].certificate = certificate;
  count++;
  return certificate;
}

static void validate(const struct job *job) {
  X509 *certificate = read_certificate(job->certificate);
  if (certificate == NULL) {
    if (!quiet) printf("%s - unreadable\n", job->certificate);
    return;
  }
  STACK_OF(SCT) *scts = X509_get_ext_d2i(certificate, NID_ct_precert_scts, NULL, NULL);
  CT_POLICY_EVAL_CTX *context = CT_POLICY_EVAL_CTX_new();
  CT_POLICY_EVAL_CTX_set1_cert(context, certificate);
  CT_POLICY_EVAL_CTX_set1_issuer(context, job->issuer);
  CT_POLICY_EVAL_CTX_set_shared_CTLOG_STORE(context, logs);
  CT_POLICY_EVAL_CTX_set_time(context, (uint64_t)time(NULL) * 1000);
  for (int i = 0; i < sk_SCT_num(scts); i++) {
    SCT *sct = sk_SCT_value(scts, i);
    SCT_set_log_entry_type(sct, CT_LOG_ENTRY_TYPE_PRECERT);
    SCT_set_source(sct, SCT_SOURCE_X509V3_EXTENSION);
    (void)SCT_validate(sct, context);
    sct_validation_status_t status = SCT_get_validation_status(sct);
    __atomic_add_fetch(&counts[(int)status & 7], 1, __ATOMIC_RELAXED);
    if (!quiet) {
      unsigned char *id;
      size_t length = SCT_get0_log_id(sct, &id);
      pthread_mutex_lock(&lock);
      printf("%s ", job->certificate);
      for (size_t k = 0; k < length; k++) printf("%02x", id[k]);
      printf(" %s\n", SCT_validation_status_string(sct));
      pthread_mutex_unlock(&lock);
    }
  }
  CT_POLICY_EVAL_CTX_free(context);
  SCT_LIST_free(scts);
  X509_free(certificate);
}

static void *work(void *unused) {
  (void)unused;
  for (;;) {
    size_t mine = __atomic_fetch_add(&next_job, 1, __ATOMIC_RELAXED);
    if (mine >= job_count) return NULL;
    validate(&jobs[mine]);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) { fprintf(stderr, "openssl_sct LOGS.cnf [-quiet]\n"); return 2; }
  quiet = argc > 2 && strcmp(argv[2], "-quiet") == 0;
  logs = CTLOG_STORE_new();
  if (CTLOG_STORE_load_file(logs, argv[1]) != 1) { fprintf(stderr, "cannot read %s\n", argv[1]); return 2; }
  char line[MAX_LINE];
  size_t room = 0;
  while (fgets(line, sizeof line, stdin) != NULL) {
    char certificate[MAX_LINE / 2], issuer[MAX_LINE / 2];
    if (sscanf(line, "%4095s %4095s", certificate, issuer) != 2) continue;
    if (job_count == room) {
      room = room == 0 ? 1024 : room * 2;
      jobs = realloc(jobs, room * sizeof *jobs);
      if (jobs == NULL) return 2;
    }
    jobs[job_count].certificate = strdup(certificate);
    jobs[job_count].issuer = issuer_of(issuer);
    job_count++;
  }
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  pthread_t threads[256];
  if (cores > 256) cores = 256;
  for (long i = 0; i < cores; i++) pthread_create(&threads[i], NULL, work, NULL);
  for (long i = 0; i < cores; i++) pthread_join(threads[i], NULL);
  clock_gettime(CLOCK_MONOTONIC, &end);
  unsigned long all = 0;
  for (int i = 0; i < 8; i++) all += counts[i];
  double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
  fprintf(stderr, "%lu signatures in %.3f s, %lu of them valid\n", all, seconds, counts[SCT_VALIDATION_STATUS_VALID]);
  return counts[SCT_VALIDATION_STATUS_VALID] == all ? 0 : 1;
}
